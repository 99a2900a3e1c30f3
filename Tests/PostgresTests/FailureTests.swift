internal import EventLoop
internal import Foundation
internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Errors` {
    @Test func `no description shows data`() async throws {
        try await TestDatabase.with { test in
            let db = test.database
            let secret = "mallory@example.org"
            try await db.execute(
                "create table person (mail text primary key, age int check (age > 0), boss text references person (mail))"
            )
            try await db.execute("insert into person (mail) values (\(secret))")
            let statements: [SQL] = [
                "insert into person (mail) values (\(secret))",
                "insert into person (mail, age) values (\(secret + "2"), \(-41414))",
                "insert into person (mail, boss) values ('b', \(secret + "3"))",
                "select \(secret)::int", "select \(secret)::uuid", "select \(secret)::jsonb",
                "select \(secret)::timestamptz", "select (\("1/" + secret)::text)::numeric",
                "insert into person (age) values (\(41414))",
                "select \("{\(secret)")::text[]", "select to_date(\(secret), \("YYYY"))",
                "select \(Int.max) + \(41414)", "select regexp_replace('x', \("(" + secret), '')",
            ]
            for statement in statements {
                let error = await #expect(throws: PostgresError.self, "\(statement.text)") {
                    _ = try await db.query(statement)
                }
                for text in ["\(error as Any)", String(reflecting: error), error.map { dumped($0) } ?? ""] {
                    #expect(!text.contains("mallory") && !text.contains("41414"), "\(statement.text)")
                }
                #expect(error?.sqlState != nil)
            }
            let duplicate = await #expect(throws: PostgresError.self) {
                try await db.execute("insert into person (mail) values (\(secret))")
            }
            #expect(duplicate?.constraint == "person_pkey")
            #expect(duplicate?.table == "person")
            #expect(duplicate?.isUniqueViolation == true)
        }
    }

    private func dumped(_ value: Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }

    @Test func `a failed statement does not affect others on the connection`() async throws {
        try await TestDatabase.with { test in
            let db = test.database
            try await db.execute("create table t (n bigint primary key)")
            let failures = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        do {
                            // Each number twice: one of the two fails.
                            try await db.execute("insert into t values (\(number / 2))")
                            return false
                        } catch let error as PostgresError where error.isUniqueViolation {
                            return true
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(failures == 500)
            let tCount = try await test.count("t")
            #expect(tCount == 500)
        }
    }

    @Test func `a statement that cannot be parsed is reported each time it is run`() async throws {
        try await TestDatabase.with { test in
            try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        do {
                            _ = try await test.database.query("select nonsense from nowhere")
                            return nil
                        } catch let error as PostgresError { return error.sqlState }
                    }
                }
                for try await state in group { #expect(state == "42P01") }
            }
            try await test.database.execute("create table nowhere (nonsense int)")
            #expect(try await test.database.query("select nonsense from nowhere").isEmpty)
        }
    }

    @Test func `a prepared statement works after a change of its table`() async throws {
        try await TestDatabase.with { test in
            try await test.database.execute("create table t (a int)")
            func columns() async throws -> Int { try await test.database.query("select * from t limit 1").columnCount }
            try await test.database.execute("insert into t values (1)")
            #expect(try await columns() == 1)
            try await test.database.execute("alter table t add b text")
            #expect(try await columns() == 2)
            let inTransaction = try await test.database.transaction {
                try await $0.query("select * from t").columnCount
            }
            #expect(inTransaction == 2)
            try await test.database.execute("alter table t add c text")
            let again = try await test.database.transaction { try await $0.query("select * from t").columnCount }
            #expect(again == 3)
        }
    }

    @Test func `a statement prepared while its table is small finds its rows by the index once it is large`()
        async throws
    {
        let configuration = DatabaseConfiguration(connectionsPerLoop: 1, acquireTimeout: .seconds(30))
        try await TestDatabase.with(configuration: configuration) { test in
            try await TestLoops.shared.loops[0].run("one connection") {
                let database = test.database
                try await database.execute(
                    "create table queue (id bigint primary key, value text not null) with (autovacuum_enabled = off)")
                // A plan without an index looks expensive enough for JIT compilation.
                let compiles = try await database.query("select current_setting('jit')")
                let jit = try #require(try compiles.first?.decode(String.self))
                #expect(jit == "off")
                // Now the planner knows that the table is small.
                try await database.execute("insert into queue values (-1, 'value')")
                try await database.execute("analyze queue")
                func take(_ ids: [Int64]) async throws -> Int {
                    try await database.execute("delete from queue where id = any(\(ids))")
                }
                func scans() async throws -> (ofTable: Int, ofIndex: Int) {
                    _ = try await database.query("select pg_stat_force_next_flush()")
                    let rows = try await database.query(
                        "select seq_scan, idx_scan from pg_stat_user_tables where relname = 'queue'")
                    let (ofTable, ofIndex) = try #require(try rows.first?.decode(Int.self, Int.self))
                    return (ofTable, ofIndex)
                }
                // To make the index the table was read once.
                let before = try await scans().ofTable
                // PostgreSQL chooses between generic and custom plans within six executions.
                for id in 0..<8 { #expect(try await take([Int64(id)]) == 0) }
                try await database.execute("insert into queue select n, 'value' from generate_series(1, 20000) n")
                #expect(try await take([5_000, 15_000]) == 2)
                let plans = try await database.query(
                    "select sum(custom_plans)::bigint from pg_prepared_statements where statement like 'delete from queue%'"
                )
                let custom = try #require(try plans.first?.decode(Int.self))
                #expect(custom == 0)
                try await eventually { try await scans().ofIndex >= 9 }
                #expect(try await scans().ofTable == before)
            }
        }
    }

    @Test func `only a few statements stay prepared, and the others still work`() async throws {
        try await TestDatabase.with(configuration: .init(preparedCountMax: 4, acquireTimeout: .seconds(30))) { test in
            for round in 0..<3 {
                for column in 0..<20 {
                    let name = "c\(column)"
                    let value = try await test.database.query("select \(round) as \(quoted: name)").first?.get(
                        name, as: Int.self)
                    #expect(value == round)
                }
            }
            let kept = try await test.database.query("select count(*) from pg_prepared_statements where name like 's%'")
            let keptCount = try #require(kept.first).get(0, as: Int.self)
            #expect(keptCount <= 5)
        }
    }

    @Test func `a statement that cannot run in a transaction runs, also when another is deallocated for it`()
        async throws
    {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2, preparedCountMax: 1)) { test in
            let name = "second of \(test.name)"
            try await TestLoops.shared.loops[0].run("a test's statements") {
                _ = try await test.database.query("select 1")
                try await test.database.execute("create database \(quoted: name)")
                try await test.database.execute("drop database \(quoted: name)")
            }
        }
    }

    @Test func `statements are deallocated also after a failed transaction`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2, preparedCountMax: 2)) { test in
            try await TestLoops.shared.loops[0].run("a test's transactions") {
                for _ in 0..<5 {
                    let error = await #expect(throws: PostgresError.self) {
                        try await test.database.transaction { tx in
                            _ = try await tx.query("select 1")
                            _ = try? await tx.query("select 1 / 0")
                            for column in 0..<5 { _ = try? await tx.query("select 1 as \(quoted: "c\(column)")") }
                        }
                    }
                    #expect(error?.sqlState == "22012")
                }
                let kept = try await test.database.transaction { tx in
                    for column in 0..<5 { _ = try await tx.query("select 2 as \(quoted: "d\(column)")") }
                    return try await tx.query("select count(*) from pg_prepared_statements where name like 's%'")
                }
                let keptCount = try #require(kept.first).get(0, as: Int.self)
                #expect(keptCount <= 3)
            }
        }
    }

    @Test func `a COPY statement is refused without blocking`() async throws {
        try await TestDatabase.with { test in
            let error = await #expect(throws: PostgresError.self) {
                _ = try await test.database.query("copy pg_class to stdout")
            }
            #expect(error?.kind == .closed)
            let still = try await test.database.query("select 1").count
            #expect(still == 1)
        }
    }
}

@Suite(.timeLimit(.minutes(3))) struct `Limits` {
    @Test func `ten thousand queries at once share one connection`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2)) { test in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<10_000 {
                    group.addTask {
                        try await test.database.query("select \(number)").first?.get(0, as: Int.self) ?? -1
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 49_995_000)
            let connections = try await test.database.query(
                "select count(*) from pg_stat_activity where datname = current_database()")
            let connectionCount = try #require(connections.first).get(0, as: Int.self)
            #expect(connectionCount <= 2)
        }
    }

    @Test func `a thousand transactions share a small pool`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 3, acquireTimeout: .seconds(60))) { test in
            try await test.database.execute("create table t (n bigint)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        try await test.database.transaction {
                            _ = try await $0.execute("insert into t values (\(number))")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let tCount = try await test.count("t")
            #expect(tCount == 1_000)
        }
    }

    @Test func `a call that waits too long for a connection gets a specific error`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2, acquireTimeout: .seconds(2))) { test in
            // One loop, so that both want the same connection.
            try await TestLoops.shared.loops[0].run("a test's transactions") {
                try await test.database.transaction { tx in
                    try await tx.execute("select 1")
                    let error = await #expect(throws: PostgresError.self) {
                        try await test.database.transaction { _ = try await $0.query("select 2") }
                    }
                    #expect(error?.kind == .acquireTimeout)
                }
                try await test.database.transaction { _ = try await $0.query("select 3") }
            }
        }
    }

    @Test func `a full queue refuses the next call`() async throws {
        let configuration = Database.Configuration(connectionsPerLoop: 2, pipelineDepthMax: 1, waitingCountMax: 3)
        try await TestDatabase.with(configuration: configuration) { test in
            let refused = try await TestLoops.shared.loops[0].run("a test's statements") {
                await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<10 {
                        group.addTask(executorPreference: TestLoops.shared.loops[0]) {
                            do {
                                _ = try await test.database.query("select pg_sleep(0.02)")
                                return false
                            } catch { return (error as? PostgresError)?.kind == .busy }
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
            }
            #expect(refused >= 5)
            let still = try await test.database.query("select 1").count
            #expect(still == 1)
        }
    }

    @Test func `a closed database refuses work and holds no connection`() async throws {
        try await TestDatabase.with { test in
            let other = test.connect(.init(applicationName: "other"))
            try await test.database.transaction { tx in
                _ = try await tx.query("select pg_advisory_lock(1)")
                async let last = other.query("select pg_advisory_xact_lock(1), 1")
                try await eventually { try await test.isWaited(forLock: 1) }
                async let inLine = other.query("select 2")
                async let end: Void = other.close()
                try await eventually("it refuses work") {
                    do {
                        _ = try await other.transaction { try await $0.query("select 1") }
                        return false
                    } catch { return (error as? PostgresError)?.kind == .closed }
                }
                _ = try await tx.query("select pg_advisory_unlock(1)")
                #expect(try await last.count == 1)
                // Whether it succeeded depends on timing, but the result is reported, and the end does not wait for ever.
                _ = try? await inLine
                await end
            }
            try await eventually { try await test.connections(named: "other") == 0 }
        }
    }

    @Test func `an unreferenced database closes its connections`() async throws {
        try await TestDatabase.with { test in
            do {
                let other = test.connect(.init(applicationName: "dropped"))
                _ = try await other.query("select 1")
                _ = try await other.transaction { try await $0.query("select 1") }
            }
            try await eventually { try await test.connections(named: "dropped") == 0 }
        }
    }

    @Test func `a connection that is not used for long is closed`() async throws {
        try await TestDatabase.with { test in
            let other = test.connect(.init(idleTimeout: .milliseconds(50), applicationName: "idle"))
            _ = try await other.transaction { try await $0.query("select 1") }
            try await eventually { try await test.connections(named: "idle") == 0 }
            _ = try await other.transaction { try await $0.query("select 1") }
            await other.close()
        }
    }
}

extension TestDatabase {
    func connections(named name: String) async throws -> Int {
        try await database.query("select count(*) from pg_stat_activity where application_name = \(name)").first?
            .get(0, as: Int.self) ?? -1
    }
}
