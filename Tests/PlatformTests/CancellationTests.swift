import EventLoop
import HTTP
import HubTesting
import Postgres
import Testing

/// A request nobody waits for any more must not keep the database busy.
@Suite struct CancellationTests {
    @Test func `a client that goes away cancels the query of its request`() async throws {
        try await TestDatabase.with { test in
            let database = test.database
            // Looks on from a connection of its own: on the shared one it would wait behind the slow query.
            let observer = Database(url: test.url, loops: TestLoops.shared)
            var router = Router()
            router.add(.get, "/slow") { _ in
                do {
                    _ = try await database.query("select pg_sleep(3600)")
                } catch {
                    return HTTPResponse(.serviceUnavailable)
                }
                return HTTPResponse(.ok)
            }
            let server = HTTPServer(
                configuration: HTTPServerConfiguration(), loops: TestLoops.shared, router: router)
            let port = try await server.start()
            let client = HTTPClient(loops: TestLoops.shared)
            let request = TestLoops.shared.next().start("a client") {
                _ = try await client.send(HTTPClientRequest(.get, "http://127.0.0.1:\(port)/slow"))
            }
            try await eventually("the query runs") { try await Self.sleeping(observer) == 1 }
            request.cancel()
            _ = await request.result
            try await eventually("the query is cancelled") { try await Self.sleeping(observer) == 0 }
            await observer.close()
            await client.close()
            await server.drain(within: .seconds(5))
        }
    }

    @Test func `a request that ends by time-out cancels its query`() async throws {
        struct TooSlow: Error {}
        try await TestDatabase.with { test in
            let database = test.database
            await #expect(throws: TooSlow.self) {
                try await withTimeout(.milliseconds(200), on: TestLoops.shared.next(), onTimeout: { TooSlow() }) {
                    _ = try await database.query("select pg_sleep(3600)")
                }
            }
            try await eventually("the query is cancelled") { try await Self.sleeping(database) == 0 }
        }
    }

    private static func sleeping(_ database: Database) async throws -> Int {
        try await database.query(
            """
            select count(*) from pg_stat_activity
            where datname = current_database() and state = 'active' and query like 'select pg_sleep%'
            """
        ).first?.decode(Int.self) ?? 0
    }
}
