import Contracts
import EventLoop
import Foundation
@testable import Gateway
import HTTP
import HubTesting
@testable import Platform
import Secrets
import ServiceTesting
import Testing

@testable import Gateway

@Suite struct AdmissionTests {
    @Test(arguments: ["/auth/%6Cogin", "/auth/re%66resh", "/%61uth/register", "/auth/log%69n?x=%6C"])
    func `no spelling of a path avoids its rate limit`(target: String) async throws {
        let passed = Tally()
        try await TestGateway.with(
            settings: ["HUB_RATE_LIMITS": "default"],
            services: { router in
                router.add(.post, "/{path...}") { _ in
                    passed.add()
                    return HTTPResponse(.noContent)
                }
            }
        ) { gateway in
            for _ in 0..<620 { _ = await gateway.send(.post, target) }
        }
        #expect(passed.value <= 600)
    }

    private static func everywhere(_ router: inout Router) {
        router.add(.post, "/{path...}") { _ in HTTPResponse(.noContent) }
    }

    @Test(arguments: ["/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"])
    func `an expired token does not matter for calls without a login`(target: String) async throws {
        try await TestGateway.with(services: Self.everywhere) { gateway in
            let answer = await gateway.send(.post, target, fields: ["authorization": "Bearer a.b.c"])
            #expect(answer.status == .noContent)
        }
    }

    @Test func `a bad token is refused everywhere else`() async throws {
        try await TestGateway.with(
            services: { router in
                Self.everywhere(&router)
                router.add(.get, "/.well-known/jwks.json") { _ in .text(.ok, #"{"keys": []}"#) }
            }
        ) { gateway in
            for target in ["/auth/logout-all", "/auth/login/", "/auth/refreshed", "/users/me", "/notifications"] {
                let answer = await gateway.send(.post, target, fields: ["authorization": "Bearer a.b.c"])
                #expect(answer.status == .unauthorized)
            }
        }
    }

    @Test func `addresses of one IPv6 network share a rate limit`() async throws {
        try await TestGateway.with(
            settings: ["HUB_RATE_LIMITS": "default"],
            services: { router in router.add(.post, "/auth/register") { _ in HTTPResponse(.noContent) } }
        ) { gateway in
            var last = 0
            for number in 1...121 {
                last = await gateway.send(.post, "/auth/register", from: "2001:db8:0:1::\(number)").status.code
            }
            #expect(last == 429)
            #expect(await gateway.send(.post, "/auth/register", from: "2001:db8:0:2::1").status == .noContent)
        }
    }

    @Test func `a hundred people refresh from one address while others log in there`() async throws {
        try await TestGateway.with(settings: ["HUB_RATE_LIMITS": "default"], services: Self.everywhere) { gateway in
            for _ in 0..<100 {
                #expect(await gateway.send(.post, "/auth/refresh").status == .noContent)
                #expect(await gateway.send(.post, "/auth/login").status == .noContent)
            }
        }
    }

    @Test func `a person has one rate limit for all their addresses`() async throws {
        let key = SigningKey.generate()
        try await TestGateway.with(
            settings: ["HUB_RATE_LIMITS": "default"],
            services: { router in
                router.add(.get, "/.well-known/jwks.json") { _ in
                    HTTPResponse(.ok, body: .bytes(VerifyingKeys([key.verifyingKey]).json()))
                }
                router.add(.get, "/users/me") { _ in HTTPResponse(.noContent) }
            }
        ) { gateway in
            let now = gateway.service.clock.now
            func bearer() throws -> String {
                let token = AccessToken(
                    userID: .make(at: now), role: .student, session: "ses_1", expiresAt: now + 3_600)
                return "Bearer \(try key.sign(token.claims(id: "1", issuedAt: now)))"
            }
            let (one, another) = (try bearer(), try bearer())
            func answer(to bearer: String, from address: String) async -> HTTPResponse {
                await gateway.send(.get, "/users/me", fields: ["authorization": bearer], from: address)
            }
            for number in 0..<200 {
                let passed = await answer(to: one, from: "192.0.2.\(number)")
                #expect(passed.status == .noContent)
                #expect(
                    passed.fields["ratelimit"]?.hasSuffix("\"person\";r=\(199 - number);t=\(number / 50 + 1)") == true)
            }
            let refused = await answer(to: one, from: "192.0.2.200")
            #expect(refused.status == .tooManyRequests && refused.fields["retry-after"] == "1")
            #expect(refused.fields["ratelimit"] == #""address";r=2499;t=1, "person";r=0;t=4"#)
            #expect(refused.fields["ratelimit-policy"] == #""address";q=2500;w=10, "person";q=200;w=4"#)
            #expect(await answer(to: another, from: "192.0.2.200").status == .noContent)
            #expect(await gateway.send(.get, "/users/me", from: "192.0.2.200").status == .noContent)
        }
    }

    @Test func `many requests for the start page cause one request to each service`() async throws {
        let asked = Tally()
        try await TestGateway.with(
            services: { router in
                router.add(.get, "/health/ready") { _ in
                    asked.add()
                    return HTTPResponse(.ok)
                }
            }
        ) { gateway in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = await gateway.send(.get, "/") } }
            }
            #expect(asked.value == Set(PublicPaths.table.map(\.service)).count + 1, "the services and the gateway")
        }
    }

    @Test(arguments: ["/", "/nowhere", "/users/%6De", "/health"])
    func `every page has a rate limit, also missing ones`(target: String) async throws {
        try await TestGateway.with(settings: ["HUB_RATE_LIMITS": "default"], services: { _ in }) { gateway in
            for _ in 0..<2_500 { #expect(await gateway.send(.get, target).status != .tooManyRequests) }
            let answer = await gateway.send(.get, target)
            #expect(answer.status == .tooManyRequests)
            #expect(answer.fields["retry-after"] == "1")
            #expect(answer.fields["ratelimit"] == #""address";r=0;t=10"#)
            #expect(answer.fields["x-correlation-id"]?.hasPrefix("req_") == true)
        }
    }

    @Test func `an unknown method has a rate limit too`() async throws {
        try await TestGateway.with(settings: ["HUB_RATE_LIMITS": "default"], services: { _ in }) { gateway in
            var last = HTTPStatus.ok
            for _ in 0..<2_501 { last = await gateway.send(HTTPMethod(rawValue: "BREW"), "/users/me").status }
            #expect(last == .tooManyRequests)
        }
    }

    @Test(arguments: ["/health/live", "/health/ready"])
    func `health checks have a separate rate limit`(target: String) async throws {
        try await TestGateway.with(settings: ["HUB_RATE_LIMITS": "default"], services: { _ in }) { gateway in
            let (service, context) = (gateway.service.service, gateway.service.context)
            let door = RunningService.router(
                of: service, context, RunningService.health(of: service, GatewayService.self, context))
            func send(_ target: String) async -> HTTPStatus {
                await door.respond(to: HTTPRequest(.get, target, remoteAddress: "127.0.0.1")).status
            }
            // A client at the same address that is held up holds up no probe.
            for _ in 0..<2_500 { _ = await send("/nowhere") }
            #expect(await send("/nowhere") == .tooManyRequests)
            for _ in 0..<100 { #expect(await send(target) == .ok) }
            #expect(await send(target) == .tooManyRequests)
            gateway.service.clock.advance(by: 1)
            #expect(await send(target) == .ok)
        }
    }

    @Test(arguments: ["/users/me?x=%zz", "/users/%2e%2e/internal", "/users/%00"])
    func `a refused request has a correlation id too`(target: String) async throws {
        try await TestGateway.with(services: { _ in }) { gateway in
            let server = HTTPServer(
                configuration: HTTPServerConfiguration(), loops: TestLoops.shared, router: gateway.door)
            let url = "http://127.0.0.1:\(try await server.start())\(target)"
            let answer = try await gateway.service.context.http.send(HTTPClientRequest(.get, url))
            #expect(answer.status == .badRequest)
            #expect(answer.fields["x-correlation-id"]?.hasPrefix("req_") == true)
            await server.drain(within: .zero)
        }
    }

    @Test func `while auth is down, not every request fetches its keys`() async throws {
        let asked = Tally()
        try await TestGateway.with(
            services: { router in
                router.add(.get, "/.well-known/jwks.json") { _ in
                    asked.add()
                    return HTTPResponse(.serviceUnavailable)
                }
            }
        ) { gateway in
            for _ in 0..<10 {
                let answer = await gateway.send(.get, "/users/me", fields: ["authorization": "Bearer a.b.c"])
                #expect(answer.status == .serviceUnavailable)
            }
            #expect(asked.value == 1)
            gateway.service.clock.advance(by: 10)
            _ = await gateway.send(.get, "/users/me", fields: ["authorization": "Bearer a.b.c"])
            #expect(asked.value == 2)
        }
    }
}
