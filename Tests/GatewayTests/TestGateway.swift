import Contracts
import EventLoop
import Foundation
@testable import Gateway
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

/// The gateway with services that respond as a test requires.
struct TestGateway {
    let service: TestService<GatewayService>
    let door: Router

    /// - Parameters:
    ///   - settings: by name; by default the rate limits are off.
    ///   - services: the routes of all services, on one server.
    static func with(
        settings: [String: String] = [:], services: (inout Router) -> Void,
        _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        var router = Router()
        services(&router)
        let server = HTTPServer(configuration: HTTPServerConfiguration(), loops: TestLoops.shared, router: router)
        let url = "http://127.0.0.1:\(try await server.start())"
        let directory = ServiceDirectory(Dictionary(uniqueKeysWithValues: ServiceName.all.map { ($0, url) }))
        let settings = ["HUB_RATE_LIMITS": "off"].merging(settings) { $1 }
        do {
            try await TestService<GatewayService>.with(settings: settings, directory: directory) { service in
                try await body(TestGateway(service: service, door: try #require(service.service.door)))
            }
        } catch {
            await server.drain(within: .zero)
            throw error
        }
        await server.drain(within: .zero)
    }

    /// The response for a client at `address`, without a socket.
    func send(
        _ method: HTTPMethod, _ target: String, fields: HTTPFields = [:], body: HTTPBody = .empty,
        from address: String = "192.0.2.1"
    ) async -> HTTPResponse {
        await door.respond(to: HTTPRequest(method, target, fields: fields, body: body, remoteAddress: address))
    }
}

extension HTTPBody {
    /// A body that its client never sends, and cancels when `gate` opens. The gate counts the waiting bodies.
    static func stalled(until gate: Gate) -> HTTPBody {
        .stream {
            await gate.wait()
            throw HTTPBodyError.timedOut
        }
    }
}
