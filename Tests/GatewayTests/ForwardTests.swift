import EventLoop
@testable import Gateway
import HTTP
import HubTesting
import Observability
import Platform
import ServiceTesting
import Synchronization
import Testing

@Suite struct ForwardTests {
    private static func services(_ router: inout Router) {
        router.add(.get, "/users/me") { _ in .text(.ok, "hello world") }
        router.add(.post, "/users/echo") { request in
            HTTPResponse(.ok, body: .bytes((try? await request.body.collect(bytesMax: 1 << 20)) ?? []))
        }
    }

    @Test func `clients that never finish their bodies keep nobody from a service`() async throws {
        struct NoAnswer: Error {}
        try await TestGateway.with(settings: ["HUB_UPSTREAM_TIMEOUT": "60s"], services: Self.services) { gateway in
            let started = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<140 {
                    group.addTask {
                        let body = HTTPBody.stalled(started, for: .seconds(60))
                        _ = await gateway.send(.post, "/users/echo", body: body, from: "192.0.2.\(number % 7)")
                    }
                }
                try await eventually { started.value >= 128 }
                let loop = TestLoops.shared.next()
                let answer = try await withTimeout(.seconds(5), on: loop, onTimeout: { NoAnswer() }) {
                    await gateway.send(.get, "/users/me")
                }
                #expect(answer.status == .ok)
                group.cancelAll()
            }
        }
    }

    @Test func `clients that do not send their bodies do not open the circuit breaker`() async throws {
        try await TestGateway.with(settings: ["HUB_UPSTREAM_TIMEOUT": "100ms"], services: Self.services) { gateway in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        let body = HTTPBody.stalled(Tally(), for: .milliseconds(300))
                        _ = await gateway.send(.post, "/users/echo", body: body)
                    }
                }
            }
            #expect(await gateway.send(.get, "/users/me").status == .ok)
        }
    }

    @Test func `a body in pieces arrives whole`() async throws {
        try await TestGateway.with(services: Self.services) { gateway in
            let pieces = Tally()
            let body = HTTPBody.stream {
                pieces.add()
                return pieces.value <= 3 ? Array("piece;".utf8) : nil
            }
            let answer = await gateway.send(.post, "/users/echo", body: body)
            let whole = try await answer.body.collect(bytesMax: 100)
            #expect(whole == Array("piece;piece;piece;".utf8))
        }
    }

    @Test(arguments: [(HTTPMethod.options, HTTPStatus.noContent), (.put, 405)])
    func `a path is said to have the methods that its service has`(
        method: HTTPMethod, status: HTTPStatus
    ) async throws {
        try await TestGateway.with(
            services: { router in
                for method in [HTTPMethod.get, .patch] {
                    router.add(method, "/users/me") { _ in HTTPResponse(.noContent) }
                }
            }
        ) { gateway in
            let answer = await gateway.send(method, "/users/me")
            #expect(answer.status == status && answer.fields["allow"] == "GET, PATCH, HEAD, OPTIONS")
        }
    }

    @Test func `HEAD tells the length that GET has`() async throws {
        try await TestGateway.with(services: Self.services) { gateway in
            let answer = await gateway.send(.head, "/users/me")
            #expect(answer.status == .ok)
            #expect(answer.body.length == 11)
        }
    }

    @Test func `a client that goes away is nobody's failure`() async throws {
        try await TestGateway.with(
            services: { router in
                router.add(.get, "/users/slow") { _ in
                    try? await TestLoops.shared.next().sleep(for: .seconds(60))
                    return HTTPResponse(.ok)
                }
            }
        ) { gateway in
            let request = TestLoops.shared.next().start("a client") {
                await gateway.send(.get, "/users/slow").status.code
            }
            request.cancel()
            let status = try await request.value
            #expect(status < 500)
            #expect(gateway.service.log.lines.isEmpty)
        }
    }

    @Test func `a registration that waited long for its turn is sealed as of then`() async throws {
        let arrivals = Mutex<[String?]>([]), isHeld = Mutex(true), waiting = Tally()
        try await TestGateway.with(
            services: { router in
                router.add(.post, "/auth/register") { request in
                    arrivals.withLock { $0.append(request.fields[IdentitySeal.fieldName]) }
                    try? await eventually { isHeld.withLock { !$0 } }
                    return HTTPResponse(.created)
                }
            }
        ) { gateway in
            let loop = TestLoops.shared.next(), atOnceMax = try #require(Lane.registration.room).inFlightMax
            var requests = (0..<atOnceMax).map { _ in
                loop.start("a person") { await gateway.send(.post, "/auth/register").status }
            }
            try await eventually { arrivals.withLock { $0.count } == atOnceMax }
            let body = HTTPBody.stream {
                waiting.add()
                return nil
            }
            requests.append(loop.start("the last") { await gateway.send(.post, "/auth/register", body: body).status })
            try await eventually { waiting.value > 0 }
            gateway.service.clock.advance(by: 31)
            isHeld.withLock { $0 = false }
            for request in requests { #expect(try await request.value == .created) }
            let seal = gateway.service.context.seal
            let last = arrivals.withLock { $0.last } ?? nil
            #expect(seal.open(last, method: "POST", target: "/auth/register") != nil)
        }
    }
}
