internal import Dispatch
internal import EventLoop
internal import Foundation
internal import HubTesting
@testable internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Stopping` {
    @Test func `cancelling the caller stops the statement on the server, and the connection is reused`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2)) { test in
            let task = Task { try await test.database.query("select pg_sleep(60)") }
            try await eventually { try await test.sleeping() == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            try await eventually { try await test.sleeping() == 0 }
            let still = try await test.database.query("select 1").count
            #expect(still == 1)
        }
    }

    @Test func `other statements on the same connection survive a cancellation`() async throws {
        try await TestDatabase.with { test in
            let loop = TestLoops.shared.loops[0]
            let sum = try await loop.run("a test's statements") {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for round in 0..<20 {
                        let slow = Task(executorPreference: loop) {
                            try await test.database.query("select pg_sleep(30)")
                        }
                        for number in 0..<50 {
                            group.addTask {
                                try await test.database.query("select \(number), pg_sleep(0.0001)").first?.get(0) ?? -1
                            }
                        }
                        group.addTask {
                            // Somewhere among them, each time elsewhere.
                            for _ in 0..<round * 10 { await Task.yield() }
                            slow.cancel()
                            await #expect(throws: CancellationError.self) { _ = try await slow.value }
                            return 0
                        }
                    }
                    return try await group.reduce(0, +)
                }
            }
            #expect(sum == 20 * 1_225)
        }
    }

    @Test func `a statement hit by the cancellation of another runs again`() async throws {
        try await TestDatabase.with { test in
            try await test.database.execute("create sequence runs")
            let loops = try EventLoopGroup(count: 1, name: "held"), loop = loops.loops[0]
            #if DEBUG
            // It is held on purpose.
            loop.stalls.onStall { _ in }
            #endif
            let pool = LoopPool(url: test.url, loop: loop, configuration: .init(acquireTimeout: .seconds(30)))
            let (isSent, goesOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let first = Statement("select pg_advisory_xact_lock(1)")
            let second = Statement("select nextval('runs'), pg_advisory_xact_lock(2)")
            try await test.database.transaction { tx in
                _ = try await tx.query("select pg_advisory_lock(1), pg_advisory_lock(2)")
                async let firstRows = first.run(on: loop) { pool.submit($0) }
                try await eventually { try await test.isWaited(forLock: 1) }
                async let secondRows = second.run(on: loop) { statement in
                    pool.submit(statement)
                    isSent.signal()
                    // The first has its answer, which the loop has not read when it is cancelled.
                    goesOn.waitForSignal()
                    first.stop(CancellationError())
                }
                try await eventually { isSent.wait(timeout: .now()) == .success }
                _ = try await tx.query("select pg_advisory_unlock(1)")
                try await eventually { try await test.isWaited(forLock: 2) }
                goesOn.signal()
                try await eventually("it is run again") {
                    try await test.database.query("select last_value from runs").first?.get(0) == 2
                }
                _ = try await tx.query("select pg_advisory_unlock(2)")
                #expect(try await secondRows.first?.get(0) == 2)
                _ = try? await firstRows
            }
            await pool.close()
            await loops.shutdown()
        }
    }

    @Test func `a statement still runs after the one that was preparing it was cancelled`() async throws {
        try await TestDatabase.with { test in
            try await test.database.execute("create table t (n bigint)")
            let loop = TestLoops.shared.loops[0], database = test.connect()
            let second = try await test.database.transaction { tx in
                try await tx.execute("lock table t in access exclusive mode")
                let (first, second) = try await loop.run("a test's statements") {
                    func read() -> Task<Int, any Error> {
                        Task(executorPreference: loop) { try await database.query("select n from t").count }
                    }
                    return (read(), read())
                }
                // To prepare the statement the server needs the table.
                try await eventually { try await test.waitingForTables() == 1 }
                first.cancel()
                await #expect(throws: CancellationError.self) { _ = try await first.value }
                return second
            }
            #expect(try await second.value == 0)
            await database.close()
        }
    }

    @Test func `a statement that takes too long is stopped and says so`() async throws {
        try await TestDatabase.with(configuration: .init(statementTimeout: .milliseconds(200))) { test in
            func check(_ body: () async throws -> Void) async {
                let error = await #expect(throws: PostgresError.self) { try await body() }
                #expect(error?.kind == .statementTimeout)
            }
            await check { _ = try await test.database.query("select pg_sleep(60)") }
            await check { try await test.database.transaction { _ = try await $0.query("select pg_sleep(60)") } }
            // Many that are quick are none that is slow: they wait for each other, and each is within its time.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await test.database.query("select pg_sleep(0.05)") } }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a transaction whose caller is cancelled is rolled back and its connection is used again`() async throws
    {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2)) { test in
            try await test.database.execute("create table t (n bigint)")
            let loop = TestLoops.shared.loops[0]
            for _ in 0..<5 {
                let task = Task(executorPreference: loop) {
                    try await test.database.transaction { tx in
                        try await tx.execute("insert into t values (1)")
                        _ = try await tx.query("select pg_sleep(60)")
                    }
                }
                try await eventually { try await test.sleeping() == 1 }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            let backends = try await loop.run("a test's transactions") {
                var seen: Set<Int> = []
                for _ in 0..<5 {
                    seen.insert(
                        try await test.database.transaction {
                            try await $0.query("select pg_backend_pid()").first?.get(0) ?? 0
                        })
                }
                return seen
            }
            #expect(backends.count == 1)
            let count = try await test.count("t")
            #expect(count == 0)
        }
    }

    @Test func `a call cancelled while it waits for a connection leaves the queue`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2)) { test in
            let loop = TestLoops.shared.loops[0]
            try await loop.run("a test's transactions") {
                try await test.database.transaction { tx in
                    // At any point of its way into the queue.
                    for turns in 0..<20 {
                        let waiting = Task(executorPreference: loop) {
                            try await test.database.transaction { _ = try await $0.query("select 1") }
                        }
                        for _ in 0..<turns { await Task.yield() }
                        waiting.cancel()
                        await #expect(throws: CancellationError.self) { try await waiting.value }
                    }
                    try await tx.execute("select 1")
                }
                try await test.database.transaction { _ = try await $0.query("select 1") }
            }
        }
    }

    @Test func `a call that is already cancelled sends nothing`() async throws {
        try await TestDatabase.with { test in
            try await test.database.execute("create table t (n bigint)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await test.database.execute("insert into t values (1)")
            }
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            let count = try await test.count("t")
            #expect(count == 0)
        }
    }

    @Test func `a storm of cancellations leaves a database that works`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 4)) { test in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let task = Task {
                            if number % 3 == 0 {
                                try await test.database.transaction { tx in
                                    _ = try await tx.query("select pg_sleep(0.01)")
                                    _ = try await tx.query("select pg_sleep(0.01)")
                                }
                            } else {
                                _ = try await test.database.query("select pg_sleep(0.005)")
                            }
                        }
                        // At any point of its execution.
                        for _ in 0..<number { await Task.yield() }
                        task.cancel()
                        do { try await task.value } catch { #expect(error is CancellationError, "\(error)") }
                    }
                }
            }
            for number in 0..<100 {
                let back = try await test.database.query("select \(number)").first?.get(0, as: Int.self)
                #expect(back == number)
            }
            let active = try await test.database.query(
                """
                select count(*) from pg_stat_activity where datname = current_database()
                and pid <> pg_backend_pid() and state <> 'idle'
                """
            ).first?.get(0, as: Int.self)
            #expect(active == 0)
        }
    }
}

extension DispatchSemaphore {
    /// Blocks the thread, with a time limit.
    fileprivate func waitForSignal() { _ = wait(timeout: .now() + 30) }
}

extension TestDatabase {
    /// Whether a statement waits for an advisory lock.
    func isWaited(forLock number: Int) async throws -> Bool {
        try await !database.query(
            """
            select 1 from pg_locks join pg_database on pg_database.oid = database
            where datname = current_database() and locktype = 'advisory' and objid::bigint = \(number) and not granted
            """
        ).isEmpty
    }

    /// How many statements wait for a lock on a table.
    fileprivate func waitingForTables() async throws -> Int {
        try await database.query(
            """
            select count(*) from pg_locks join pg_database on pg_database.oid = database
            where datname = current_database() and locktype = 'relation' and not granted
            """
        ).first?.get(0) ?? -1
    }

    /// The number of sleeping statements on the server, read on a separate connection.
    func sleeping() async throws -> Int {
        let observer = connect()
        let count = try await observer.query(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
        ).first?.get(0, as: Int.self)
        await observer.close()
        return count ?? -1
    }
}
