import Contracts
import EventLoop
import HTTP
import HubTesting
import Observability
import Platform
import ServiceTesting
import Testing

/// Logs and metrics of the services behind the gateway.
@Suite struct UpstreamStandingTests {
    @Test func `many requests that cannot be forwarded are one log line with service, address and cause`()
        async throws
    {
        try await TestGateway.with(services: { router in
            router.add(.get, "/users/me") { _ in .text(.ok, "here") }
        }) { gateway in
            let directory = gateway.service.context.services
            let address = try #require(directory[.user])
            directory[.user] = "http://127.0.0.1:1"
            for _ in 0..<60 { #expect(await gateway.send(.get, "/users/me").status == .serviceUnavailable) }
            let lines = gateway.service.log.lines.filter { $0.contains("cannot be forwarded") }
            #expect(lines.count == 1, "\(lines)")
            for fact in [
                #""name":"user""#, #""url":"http://127.0.0.1:1""#, "Failed to connect", #""code":"upstream-away""#,
            ] {
                #expect(lines.first?.contains(fact) == true, "\(fact) in \(lines)")
            }
            let page = gateway.service.context.metrics.prometheusText()
            #expect(page.contains(#"hub_breaker_state{lane="general",service="user"} 2"#))
            #expect(page.contains(#"hub_breaker_state{lane="general",service="course"} 0"#))

            directory[.user] = address
            gateway.service.clock.advance(by: 60)
            #expect(await gateway.send(.get, "/users/me").status == .ok)
            let over = gateway.service.log.lines.filter { $0.contains("forwarded again") }
            #expect(over.count == 1 && over[0].contains(#""count":60"#), "\(over)")
            let after = gateway.service.context.metrics.prometheusText()
            #expect(after.contains(#"hub_breaker_state{lane="general",service="user"} 0"#))
            #expect(after.contains(#"gateway_upstream_seconds_count{service="user"} 1"#))
        }
    }

    @Test func `a response is a log line with route and correlation id, and the client does not get the route`()
        async throws
    {
        try await TestGateway.with(services: { router in
            router.add(.get, "/users/{id}") { _ in
                HTTPResponse(.ok, fields: ["hub-route": "/users/{id}"], body: .text("ada"))
            }
        }) { gateway in
            let answer = await gateway.send(
                .get, "/users/usr_secret?token=x", fields: ["x-correlation-id": "req_7"], from: "192.0.2.77")
            #expect(answer.status == .ok && !answer.fields.contains("hub-route"))
            let lines = gateway.service.log.lines.filter { $0.contains("request answered") }
            #expect(lines.count == 1)
            for fact in [
                #""correlationId":"req_7""#, #""method":"GET""#, #""route":"/users/{id}""#, #""status":200"#,
                #""durationMs":"#, #""level":"info""#,
            ] {
                #expect(lines.first?.contains(fact) == true, "\(fact) in \(lines)")
            }
            for personal in ["usr_secret", "192.0.2.77", "token"] {
                #expect(lines.first?.contains(personal) == false, "\(personal)")
            }
            // Without a response the route comes from the gateway's table; an unknown path has none.
            _ = await gateway.send(.get, "/courses/crs_1/sections")
            _ = await gateway.send(.get, "/usr_secret")
            let more = gateway.service.log.lines.filter { $0.contains("request answered") }.dropFirst()
            #expect(more.first?.contains(#""route":"/courses/*/sections""#) == true, "\(more)")
            #expect(more.last?.contains(#""route":"/{path...}","status":404"#) == true, "\(more)")
        }
    }
}
