internal import EventLoop
internal import Foundation
internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Lost connections` {
    @Test func `statements in progress fail with a connection error, and later ones work`() async throws {
        try await TestDatabase.with { test in
            let task = Task { try await test.database.query("select pg_sleep(60)") }
            try await eventually { try await test.sleeping() == 1 }
            try await test.terminateOthers()
            let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
            #expect(error?.kind == .connection)
            let still = try await test.database.query("select 1").count
            #expect(still == 1)
        }
    }

    @Test func `a transaction whose connection is lost fails, and its connection is not used again`() async throws {
        try await TestDatabase.with { test in
            try await test.database.execute("create table t (n bigint)")
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    try await tx.execute("insert into t values (1)")
                    try await test.terminateOthers()
                    try await tx.execute("insert into t values (2)")
                }
            }
            #expect(error?.kind == .connection)
            // An idle connection that was ended too may not have been noticed yet: that costs one error, not more.
            try await eventually { (try? await test.count("t")) == 0 }
            try await eventually {
                (try? await test.database.transaction { try await $0.execute("insert into t values (3)") }) == 1
            }
        }
    }

    @Test func `a database without references closes its connections`() async throws {
        try await TestDatabase.with { test in
            func open() async throws -> Int {
                let rows = try await test.database.query(
                    "select count(*) from pg_stat_activity where application_name = 'released'")
                return try rows.first?.decode(Int.self) ?? -1
            }
            var database: Database? = Database(
                url: test.url, loops: TestLoops.shared, configuration: .init(applicationName: "released"))
            _ = try await database?.query("select 1")
            try await database?.transaction { _ = try await $0.query("select 1") }
            let notifications = try #require(database?.notifications(on: "c"))
            // An empty payload: the connection listens.
            for await _ in notifications { break }
            #expect(try await open() == 3)
            database = nil
            try await eventually("all are closed") { try await open() == 0 }
        }
    }

    @Test func `a commit without a response has an unknown outcome`() async throws {
        try await TestDatabase.with { test in
            try await test.database.transaction { tx in
                try await tx.runScript(
                    """
                    create table t (n bigint);
                    create function slow() returns trigger language plpgsql as
                        $$ begin perform pg_sleep(60); return null; end $$;
                    create constraint trigger late after insert on t deferrable initially deferred
                        for each row execute function slow();
                    """)
            }
            let task = Task {
                try await test.database.transaction { _ = try await $0.execute("insert into t values (1)") }
            }
            try await eventually { try await test.sleeping() == 1 }
            try await test.terminateOthers()
            let error = await #expect(throws: PostgresError.self) { try await task.value }
            #expect(error?.kind == .commitUnknown)
        }
    }

    private static func hasEnded(_ process: Int32) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")) == nil
    }

    @Test(.timeLimit(.minutes(2))) func `the database reconnects to a restarted server`() async throws {
        let folder = NSTemporaryDirectory() + "hub-restart-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = ["fsync": "off"]
        let first = try await PrivatePostgres.start(.init(folder: folder, settings: settings))
        let database = Database(
            url: first.url(), loops: TestLoops.shared, configuration: .init(acquireTimeout: .seconds(30)))
        var wakes = database.notifications(on: "news").makeAsyncIterator()
        #expect(await wakes.next() == "")
        try await database.execute("create table t (n bigint)")

        // Killed like a machine that loses power: no farewell, a stale lock.
        kill(first.process, SIGKILL)
        // A killed process is gone after its parent, this process, has reaped it.
        try await eventually { Self.hasEnded(first.process) }
        let during = Task { try await database.execute("insert into t values (1)") }
        let second = try await PrivatePostgres.start(.init(folder: folder, settings: settings))
        #expect(second.process != first.process)
        _ = await during.result
        try await database.execute("insert into t values (2)")
        try await database.transaction { try await $0.execute("insert into t values (3)") }
        #expect(await wakes.next() == "")
        try await database.execute("notify news, 'after'")
        #expect(await wakes.next() == "after")

        await second.stop()
        let quick = Database(
            url: second.url(), loops: TestLoops.shared, configuration: .init(acquireTimeout: .milliseconds(300)))
        let error = await #expect(throws: PostgresError.self) { _ = try await quick.query("select 1") }
        #expect(error?.kind == .connection)
        await quick.close()
        await database.close()
    }
}

@Suite(.timeLimit(.minutes(3))) struct `Notifications` {
    @Test func `each listener of a channel receives its notifications`() async throws {
        try await TestDatabase.with { test in
            var first = test.database.notifications(on: "odd \" name").makeAsyncIterator()
            #expect(await first.next() == "")
            var second = test.database.notifications(on: "odd \" name").makeAsyncIterator()
            #expect(await second.next() == "")
            var other = test.database.notifications(on: "other").makeAsyncIterator()
            #expect(await other.next() == "")
            _ = try await test.database.query("select pg_notify(\("odd \" name"), \("hello"))")
            #expect(await first.next() == "hello")
            #expect(await second.next() == "hello")
            try await test.database.transaction { _ = try await $0.execute("notify other, 'x'") }
            #expect(await other.next() == "x")
        }
    }

    @Test func `listening ends with the last reader, and begins again`() async throws {
        try await TestDatabase.with { test in
            let other = test.connect(.init(applicationName: "listener"))
            for _ in 0..<3 {
                let reader = Task {
                    for await wake in other.notifications(on: "news") where wake == "stop" { return }
                }
                try await eventually { try await test.connections(named: "listener") == 1 }
                try await eventually {
                    try await test.database.execute("notify news, 'stop'")
                    return try await test.connections(named: "listener") == 0
                }
                await reader.value
            }
            await other.close()
        }
    }
}

extension TestDatabase {
    /// Terminates every other connection to this database.
    func terminateOthers() async throws {
        let administrator = connect(.init())
        _ = try await administrator.query(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
            """)
        await administrator.close()
    }
}
