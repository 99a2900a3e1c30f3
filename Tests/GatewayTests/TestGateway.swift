import Contracts
import EventLoop
import Foundation
@testable import Gateway
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

/// The gateway before services that answer as a test says.
struct TestGateway {
    let service: TestService<GatewayService>
    let door: Router

    /// - Parameters:
    ///   - settings: by name; the rate limits are off unless these say otherwise.
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

    /// What a client at `address` gets, without a socket.
    func send(
        _ method: HTTPMethod, _ target: String, fields: HTTPFields = [:], body: HTTPBody = .empty,
        from address: String = "192.0.2.1"
    ) async -> HTTPResponse {
        await door.respond(to: HTTPRequest(method, target, fields: fields, body: body, remoteAddress: address))
    }
}

extension HTTPBody {
    /// A body that its client does not send, and gives up once `gate` opens. The gate counts those whose body is waited for.
    static func stalled(until gate: Gate) -> HTTPBody {
        .stream {
            await gate.wait()
            throw HTTPBodyError.timedOut
        }
    }
}
