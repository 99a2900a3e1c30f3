import EventLoop
import HTTP
import HubTesting
import Platform
import ServiceTesting
import Testing

@Suite struct AdmissionTests {
    @Test func `the addresses of one IPv6 network share a limit`() async throws {
        try await TestGateway.with(
            settings: ["HUB_RATE_LIMITS": "default"],
            services: { router in router.add(.post, "/auth/login") { _ in HTTPResponse(.noContent) } }
        ) { gateway in
            var statuses: [Int] = []
            for number in 1...31 {
                statuses.append(await gateway.send(.post, "/auth/login", from: "2001:db8:0:1::\(number)").status.code)
            }
            #expect(statuses.last == 429)
            #expect(await gateway.send(.post, "/auth/login", from: "2001:db8:0:2::1").status == .noContent)
        }
    }
}
