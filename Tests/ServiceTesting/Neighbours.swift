public import Contracts
internal import HTTP
public import HubTesting
internal import Observability
@testable public import Platform

/// The other services that a test needs: routes of the test over a real socket.
public enum Neighbours {
    /// Runs `body` while `services` serve the routes of `add`.
    /// - Parameter directory: the addresses for the service under test.
    public static func with(
        _ services: [ServiceName], in directory: ServiceDirectory, clock: TestClock, _ add: (inout Routes) -> Void,
        _ body: () async throws -> Void
    ) async throws {
        var routes = Routes(
            seal: try .make(clock), logger: Logger(label: "neighbours", sink: LogRecorder()), metrics: Metrics())
        add(&routes)
        let server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: routes.router)
        let address = ServiceDirectory.url(host: "127.0.0.1", port: try await server.start())
        for service in services { directory[service] = address }
        do {
            try await body()
        } catch {
            await server.drain(within: .zero)
            throw error
        }
        await server.drain(within: .zero)
    }
}
