import Contracts
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

/// The wall clock is changed by an hour, by an operator or NTP: no duration changes.
@Suite struct ClockTests {
    private static let steps = [-3_600.0, 3_600]

    private static func services(_ router: inout Router) {
        router.add(.get, "/users/me") { _ in HTTPResponse(.noContent) }
        router.add(.post, "/auth/login") { _ in HTTPResponse(.noContent) }
    }

    @Test(arguments: steps)
    func `an open circuit breaker tries its service after the pause, whatever the clock shows`(step: Double)
        async throws
    {
        try await TestGateway.with(services: Self.services) { gateway in
            let services = gateway.service.context.services, address = services[.user]
            services[.user] = "http://127.0.0.1:1"
            for _ in 0..<10 { _ = await gateway.send(.get, "/users/me") }
            services[.user] = address
            gateway.service.clock.set(by: step)
            let spared = await gateway.send(.get, "/users/me")
            #expect(spared.status == .serviceUnavailable)
            #expect(spared.fields["retry-after"] == "2")
            gateway.service.clock.advance(by: 2)
            #expect(await gateway.send(.get, "/users/me").status == .noContent)
        }
    }

    @Test(arguments: steps)
    func `a limited caller waits as long as the rate limit requires`(step: Double) async throws {
        try await TestGateway.with(settings: ["HUB_RATE_LIMITS": "default"], services: Self.services) { gateway in
            var answer = await gateway.send(.post, "/auth/login")
            while answer.status == .noContent { answer = await gateway.send(.post, "/auth/login") }
            #expect(answer.fields["retry-after"] == "1")
            gateway.service.clock.set(by: step)
            #expect(await gateway.send(.post, "/auth/login").status == .tooManyRequests)
            gateway.service.clock.advance(by: 1)
            #expect(await gateway.send(.post, "/auth/login").status == .noContent)
        }
    }
}
