import EventLoop
import HTTP
import HubTesting
import Synchronization

/// A server of a test's own on a free port, drained when the test is through.
struct TestServer {
    let port: Int
    let server: HTTPServer
    var url: String { "http://127.0.0.1:\(port)" }

    static func with(
        _ configure: (inout HTTPServerConfiguration) -> Void = { _ in }, loops: EventLoopGroup = TestLoops.shared,
        routes: (inout Router) -> Void, _ body: (TestServer) async throws -> Void
    ) async throws {
        var router = Router()
        routes(&router)
        var configuration = HTTPServerConfiguration()
        configure(&configuration)
        let server = HTTPServer(configuration: configuration, loops: loops, router: router)
        let port = try await server.start()
        do {
            try await body(TestServer(port: port, server: server))
        } catch {
            await server.drain(within: .zero)
            throw error
        }
        await server.drain(within: .zero)
    }

    func connect() async throws -> RawSocket {
        let port = port
        return try await RawSocket.blocking { try RawSocket.connect(port) }
    }

    /// Sends `request` on a new connection.
    /// - Returns: all bytes until the server closes.
    func exchange(_ request: String) async throws -> String {
        let socket = try await connect()
        try await socket.send(request)
        return try await socket.readToEnd()
    }
}
