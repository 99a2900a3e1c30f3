internal import EventLoop
internal import Foundation
internal import HubTesting
@testable internal import Postgres
internal import Synchronization
internal import Testing

/// An unavailable server and the delay of its callers. Limits of five minutes are never reached.
@Suite(.timeLimit(.minutes(3))) struct `A server that is away` {
    private static let never = Duration.seconds(300)
    private static let nowhere = "postgresql://postgres@127.0.0.1:1/none"

    private static func configuration(grace: Duration) -> DatabaseConfiguration {
        .init(connectionsPerLoop: 2, acquireTimeout: never, outageGrace: grace)
    }

    private static func withServer(_ body: (PrivatePostgres) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "hub-away-\(UInt32.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try await PrivatePostgres.start(.init(folder: folder, settings: ["fsync": "off"]))
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    /// The connections of one loop, so that the caller is known.
    private static func withPool(
        _ url: String, grace: Duration, _ body: @escaping @Sendable (LoopPool, EventLoop) async throws -> Void
    ) async throws {
        let loop = TestLoops.shared.loops[0]
        let pool = LoopPool(url: url, loop: loop, configuration: configuration(grace: grace))
        try await loop.run("a test's pool") { try await body(pool, loop) }
        await pool.close()
    }

    private static func ask(_ pool: LoopPool) async throws {
        _ = try await Statement("select 1").run(on: pool.loop) { pool.submit($0) }
    }

    private static func untilKnown(_ pool: LoopPool) async throws {
        try await eventually("it is known to be away") {
            do {
                try await ask(pool)
                return false
            } catch let error as PostgresError { return error.kind == .connection }
        }
    }

    /// The failure of work on a frozen server. Work that hangs fails the test, which resumes the server.
    private static func failure(_ work: @escaping @Sendable () async throws -> Void) async throws -> PostgresError {
        let failure = Mutex<PostgresError?>(nil)
        TestLoops.shared.next().start("work on a frozen server") {
            do { try await work() } catch let error as PostgresError { failure.withLock { $0 = error } }
        }
        return try await eventually("it is given up") { failure.withLock { $0 } }
    }

    @Test func `a frozen server delays a statement only to its time limit, and works again later`() async throws {
        try await Self.withServer { server in
            defer { server.thaw() }
            let configuration = DatabaseConfiguration(
                statementTimeout: .milliseconds(200), acquireTimeout: .milliseconds(200),
                connectTimeout: .milliseconds(200))
            let database = Database(url: server.url(), loops: TestLoops.shared, configuration: configuration)
            try await database.execute("create table t (n bigint)")
            let failure = try await Self.failure {
                try await database.transaction { tx in
                    try await tx.execute("insert into t values (1)")
                    server.freeze()
                    try await tx.execute("insert into t values (2)")
                }
            }
            #expect(failure.kind == .statementTimeout)
            // More than there are threads to cancel on.
            for _ in 0..<5 {
                let failure = try await Self.failure { try await database.execute("insert into t values (3)") }
                #expect(failure.kind != .closed)
            }
            server.thaw()
            try await eventually("it is found again") { (try? await database.query("select 1").count) == 1 }
            try await eventually("nothing of the transaction stays") {
                try await database.query("select 1 from t where n < 3").count == 0
            }
            await database.close()
        }
    }

    @Test func `a closed port fails statements, transactions and sessions before their time limit`()
        async throws
    {
        let database = Database(
            url: Self.nowhere, loops: TestLoops.shared, configuration: Self.configuration(grace: .milliseconds(50)))
        for _ in 0..<100 {
            let statement = await #expect(throws: PostgresError.self) { _ = try await database.query("select 1") }
            let transaction = await #expect(throws: PostgresError.self) {
                try await database.transaction { _ = try await $0.query("select 1") }
            }
            let session = await #expect(throws: PostgresError.self) {
                try await database.session { _ = try await $0.query("select 1") }
            }
            for error in [statement, transaction, session] { #expect(error?.kind == .connection) }
        }
        await database.close()
    }

    @Test func `a call between two connection attempts fails at once`() async throws {
        try await Self.withPool(Self.nowhere, grace: .milliseconds(50)) { pool, _ in
            try await Self.untilKnown(pool)
            try await eventually("who asks in a pause fails at once") {
                guard pool.isBackingOff else {
                    try? await Self.ask(pool)
                    return false
                }
                // Nothing else runs on the loop meanwhile.
                let statement = Statement("select 1")
                pool.submit(statement)
                return statement.isFinished
            }
        }
    }

    @Test func `a call during the restart of a killed server waits and succeeds`() async throws {
        try await Self.withServer { server in
            try await Self.withPool(server.url(), grace: Self.never) { pool, loop in
                try await Self.ask(pool)
                kill(server.process, SIGKILL)
                try await eventually { server.hasEnded }
                try await eventually("its connections are lost") { pool.isWithoutConnection }
                let statement = loop.start("a statement") { try await Self.ask(pool) }
                let transaction = loop.start("a transaction") { pool.release(try await pool.acquire()) }
                try await eventually("attempts fail") { pool.isBackingOff }
                try await server.restart()
                try await statement.value
                try await transaction.value
            }
        }
    }

    @Test func `the first call after a long stop succeeds, repeatedly`()
        async throws
    {
        try await Self.withServer { server in
            try await Self.withPool(server.url(), grace: .milliseconds(200)) { pool, _ in
                for _ in 0..<3 {
                    try await Self.ask(pool)
                    await server.stop()
                    try await Self.untilKnown(pool)
                    await #expect(throws: PostgresError.self) { _ = try await pool.acquire() }
                    try await server.restart()
                    try await eventually("the pause is over") { !pool.isBackingOff }
                }
                pool.release(try await pool.acquire())
            }
        }
    }

    @Test func `the end of an outage is detected without calls`() async throws {
        try await Self.withServer { server in
            try await Self.withPool(server.url(), grace: .milliseconds(200)) { pool, _ in
                try await Self.ask(pool)
                await server.stop()
                try await eventually("it is noticed") { pool.isWithoutConnection }
                try await server.restart()
                try await eventually("it is noticed that it is back") { !pool.isWithoutConnection }
            }
        }
    }

    @Test func `a loop without connections uses the start of an outage known to another loop`() {
        let start = OutageStart()
        var first = Outage(start), second = Outage(start)
        let refused = PostgresError(.connection, "refused")
        first.failed(refused, hasNone: true)
        second.failed(refused, hasNone: true)
        #expect(first.since != nil && second.since == first.since)
        let before = first.since
        first.ended()
        #expect(!first.isOn)
        first.lostLast()
        #expect(first.since != before)
    }

    @Test func `the wait of a call depends on the length of the outage`() {
        let failure = PostgresError(.connection, "refused")
        var outage = Outage(OutageStart())
        #expect(outage.known(after: .zero) == nil)
        outage.failed(failure, hasNone: false)
        #expect(outage.known(after: .zero) == nil, "there are others")
        #expect(outage.patience(usual: .seconds(5), grace: .seconds(1)) == .seconds(5))
        outage.failed(failure, hasNone: true)
        #expect(outage.known(after: .seconds(300)) == nil, "it has just begun")
        #expect(outage.known(after: .zero) == failure)
        #expect(outage.patience(usual: .seconds(5), grace: .seconds(1)) == .seconds(1))
        outage.ended()
        #expect(outage.known(after: .zero) == nil)
        outage.lostLast()
        #expect(outage.known(after: .zero) == nil, "nobody has tried yet")
        for _ in 0..<100 { outage.failed(failure, hasNone: true) }
        #expect((Duration.milliseconds(125)...Duration.milliseconds(250)).contains(outage.pause()))
    }
}
