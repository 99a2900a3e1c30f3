internal import EventLoop
internal import Foundation
internal import HubTesting
internal import Postgres
internal import Synchronization
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Transactions` {
    static let template = TestDatabase.Template(
        schema: "bank",
        [
            MigrationHistory(
                component: "bank",
                [
                    Migration(
                        id: "0001 accounts",
                        sql: """
                            create table account (id bigint primary key, amount bigint not null check (amount >= 0));
                            create table entry (id bigint primary key, account bigint not null
                                references account (id) deferrable initially deferred);
                            insert into account values (1, 100), (2, 100);
                            """)
                ])
        ])

    struct Refused: Error {}

    @Test func `a transaction that throws leaves no changes`() async throws {
        try await TestDatabase.with(Self.template) { test in
            await #expect(throws: Refused.self) {
                try await test.database.transaction { tx in
                    try await tx.execute("delete from account")
                    throw Refused()
                }
            }
            let accountCount = try await test.count("account")
            #expect(accountCount == 2)
        }
    }

    @Test func `statements of child tasks share one round trip`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let sum = try await test.database.transaction { tx in
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<500 {
                        group.addTask { try await tx.query("select \(number)").first?.get(0, as: Int.self) ?? -1 }
                    }
                    return try await group.reduce(0, +)
                }
            }
            #expect(sum == 124_750)
        }
    }

    /// The first waits for a lock: a caller that waits for each response could not have sent the later ones.
    @Test func `statements before the first wait share one round trip, in order`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let isLocked = Gate(), mayCommit = Gate()
            async let holder: Void = test.database.transaction { tx in
                try await tx.execute("update account set amount = 10 where id = 1")
                isLocked.open()
                await mayCommit.wait()
            }
            await isLocked.wait()
            let amounts = try await test.database.transaction { tx in
                let first = tx.send("update account set amount = amount + 1 where id = 1 returning amount")
                let second = tx.send("update account set amount = amount * 2 where id = 1 returning amount")
                try await eventually("the first waits") {
                    try await test.database.query(
                        "select from pg_locks where not granted and locktype = 'transactionid'"
                    ).count == 1
                }
                mayCommit.open()
                // In any order.
                let later = try await second.rows().first?.decode(Int.self)
                let earlier = try await first.rows().first?.decode(Int.self)
                return [earlier, later]
            }
            try await holder
            #expect(amounts == [11, 22])
        }
    }

    @Test func `a failed statement fails its caller and the commit`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    let refused = tx.send("update account set amount = -1 where id = 1")
                    let after = tx.send("update account set amount = 1 where id = 2")
                    _ = try? await after.rows()
                    _ = try await refused.rows()
                }
            }
            #expect(error?.constraint == "account_amount_check")
            let untouched = try await test.database.query("select from account where amount = 100").count
            #expect(untouched == 2)
        }
    }

    @Test func `hooks run before and after the commit, and not after a rollback`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let log = Log()
            try await test.database.transaction { tx in
                tx.afterCommit { log.add("after") }
                tx.beforeCommit { tx in
                    log.add("before")
                    tx.submit("insert into account values (3, 3)")
                }
                log.add("body")
            }
            #expect(log.entries == ["body", "before", "after"])
            let accountCount = try await test.count("account")
            #expect(accountCount == 3)
            await #expect(throws: Refused.self) {
                try await test.database.transaction { tx in
                    tx.beforeCommit { _ in log.add("never") }
                    tx.afterCommit { log.add("never") }
                    throw Refused()
                }
            }
            #expect(log.entries.count == 3)
        }
    }

    @Test func `a submitted statement that fails makes the commit fail with its error`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    try await tx.execute("insert into account values (3, 3)")
                    tx.beforeCommit { $0.submit("insert into account values (1, 1)") }
                    tx.afterCommit { Issue.record("it was not committed") }
                }
            }
            #expect(error?.isUniqueViolation == true)
            #expect(error?.constraint == "account_pkey")
            let accountCount = try await test.count("account")
            #expect(accountCount == 2)
        }
    }

    @Test(arguments: [true, false])
    func `a submitted statement that cannot be sent at all fails the commit, first or later`(isFirst: Bool) async throws
    {
        try await TestDatabase.with(Self.template) { test in
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    if !isFirst { tx.submit("insert into account values (3, 3)") }
                    // No timestamp of PostgreSQL is as late as that.
                    tx.submit("insert into account select 4, 4 where now() < \(Date(timeIntervalSince1970: 1e15))")
                    try await tx.execute("insert into account values (5, 5)")
                    tx.afterCommit { Issue.record("it was not committed") }
                }
            }
            #expect(error?.kind == .encoding)
            let accountCount = try await test.count("account")
            #expect(accountCount == 2)
        }
    }

    @Test func `an ignored error prevents the commit`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    try await tx.execute("insert into account values (3, 3)")
                    _ = try? await tx.execute("update account set amount = amount - 1000")
                }
            }
            #expect(error?.sqlState == PostgresError.checkViolation)
            let accountCount = try await test.count("account")
            #expect(accountCount == 2)
        }
    }

    @Test func `a constraint that is checked at commit is reported, in a transaction and without`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let inTransaction = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    try await tx.execute("insert into entry values (1, 99)")
                }
            }
            #expect(inTransaction?.sqlState == PostgresError.foreignKeyViolation)
            let alone = await #expect(throws: PostgresError.self) {
                try await test.database.execute("insert into entry values (2, 99)")
            }
            #expect(alone?.sqlState == PostgresError.foreignKeyViolation)
            let entryCount = try await test.count("entry")
            #expect(entryCount == 0)
        }
    }

    @Test func `conflicting transactions run again until both have committed`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let attempts = Log(), reads = Log()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await test.database.transaction(attempts: 50) { tx in
                            try await tx.execute("set transaction isolation level serializable")
                            attempts.add("try")
                            let sum = try await tx.query("select sum(amount)::bigint from account").first?.get(
                                0, as: Int.self)
                            reads.add("read")
                            // Two have read before either writes: one of them is in the other's way for certain.
                            try await eventually("another has read") { reads.entries.count >= 2 }
                            try await tx.execute("update account set amount = \((sum ?? 0) + 1) where id = 1")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(attempts.entries.count > 8)
            // Each run saw all before: 200 → 201 in the first account, then 301 + 1 …
            let first = try await test.database.query("select amount from account where id = 1").first?.get(
                0, as: Int.self)
            #expect(first == 200 + 1 + 7 * 101)
        }
    }

    @Test func `a deadlock is resolved by running the victim again`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let both = Barrier()
            let attempts = Log()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (first, second) in [(1, 2), (2, 1)] {
                    group.addTask {
                        try await test.database.transaction { tx in
                            attempts.add("try")
                            try await tx.execute("update account set amount = amount + 1 where id = \(first)")
                            try await both.arrive()
                            try await tx.execute("update account set amount = amount + 1 where id = \(second)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(attempts.entries.count == 3)
            let amounts = try await test.database.query("select amount from account").map {
                try $0.get(0, as: Int.self)
            }
            #expect(amounts == [102, 102])
        }
    }

    @Test func `attempts are bounded`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let attempts = Log()
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.transaction(attempts: 3) { tx in
                    attempts.add("try")
                    try await tx.execute("do $$ begin raise exception 'again' using errcode = '40001'; end $$")
                }
            }
            #expect(error?.sqlState == PostgresError.serializationFailure)
            #expect(attempts.entries.count == 3)
        }
    }

    @Test func `storage belongs to the transaction and to its key`() async throws {
        enum Numbers: TransactionKey { static func makeValue() -> [Int] { [] } }
        enum Words: TransactionKey { static func makeValue() -> [String] { ["first"] } }
        try await TestDatabase.with { test in
            for _ in 0..<2 {
                let counts = try await test.database.transaction { tx in
                    await withTaskGroup { group in
                        for number in 0..<100 { group.addTask { tx.withStorage(Numbers.self) { $0.append(number) } } }
                    }
                    return (tx.withStorage(Numbers.self) { $0.count }, tx.withStorage(Words.self) { $0.count })
                }
                #expect(counts == (100, 1))
            }
        }
    }

    @Test func `a transaction that has ended takes no statement`() async throws {
        try await TestDatabase.with { test in
            let kept = try await test.database.transaction { $0 }
            let error = await #expect(throws: PostgresError.self) { _ = try await kept.query("select 1") }
            #expect(error?.kind == .closed)
        }
    }

    @Test func `a transaction sees what others commit, whatever the server's default is`() async throws {
        try await TestDatabase.with { test in
            try await test.database.execute(
                "alter database \(quoted: test.name) set default_transaction_isolation = 'serializable'")
            let other = test.connect()
            let seen = try await other.transaction { tx in
                try await tx.query("select current_setting('transaction_isolation')").first?.get(0, as: String.self)
            }
            #expect(seen == "read committed")
            await other.close()
        }
    }

    @Test func `a transaction on a loop stays on that loop`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let loop = TestLoops.shared.loops[0]
            try await loop.run("a test's transaction") {
                try await test.database.transaction { tx in
                    #expect(loop.isCurrent)
                    try await tx.execute("update account set amount = 7")
                    #expect(loop.isCurrent)
                }
                #expect(loop.isCurrent)
            }
        }
    }
}

/// Records events from any task, in order.
final class Log: Sendable {
    private let kept = Mutex<[String]>([])
    var entries: [String] { kept.withLock { $0 } }
    func add(_ entry: String) { kept.withLock { $0.append(entry) } }
}

/// Lets two tasks continue after both have arrived; later ones pass.
final class Barrier: Sendable {
    private let arrived = Mutex(0)
    func arrive() async throws {
        arrived.withLock { $0 += 1 }
        try await eventually { self.arrived.withLock { $0 } >= 2 }
    }
}

extension TestDatabase {
    func count(_ table: String) async throws -> Int {
        try await database.query("select count(*) from \(quoted: table)").first?.get(0, as: Int.self) ?? -1
    }
}
