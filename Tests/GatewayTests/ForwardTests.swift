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
        router.add(.post, "/users/echo", bodyBytesMax: 2 << 20) { request in
            HTTPResponse(.ok, body: .bytes((try? await request.body.collect(bytesMax: 2 << 20)) ?? []))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `clients with unfinished bodies do not block a service`() async throws {
        try await TestGateway.with(settings: ["HUB_UPSTREAM_TIMEOUT": "60s"], services: Self.services) { gateway in
            let never = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<140 {
                    group.addTask {
                        let body = HTTPBody.stalled(until: never)
                        _ = await gateway.send(.post, "/users/echo", body: body, from: "192.0.2.\(number % 7)")
                    }
                }
                try await eventually { never.arrivals >= 128 }
                #expect(await gateway.send(.get, "/users/me").status == .ok)
                group.cancelAll()
            }
        }
    }

    @Test func `clients that do not send their bodies do not open the circuit breaker`() async throws {
        let givenUp = Gate(), held = Gate()
        try await TestGateway.with(
            settings: ["HUB_UPSTREAM_TIMEOUT": "100ms"],
            services: { router in
                Self.services(&router)
                router.add(.get, "/users/slow") { _ in
                    await held.wait()
                    return HTTPResponse(.ok)
                }
            }
        ) { gateway in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        _ = await gateway.send(.post, "/users/echo", body: .stalled(until: givenUp))
                    }
                }
                try await eventually { givenUp.arrivals == 12 }
                // A later request to the service would have waited too long, like them.
                #expect(await gateway.send(.get, "/users/slow").status == .gatewayTimeout)
                givenUp.open()
                held.open()
                try await group.waitForAll()
            }
            #expect(await gateway.send(.get, "/users/me").status == .ok)
        }
    }

    @Test func `a body sent in pieces arrives completely`() async throws {
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

    @Test(arguments: [true, false])
    func `a body has at most 1 MiB, with or without Content-Length`(
        isToldLength: Bool
    ) async throws {
        try await TestGateway.with(services: Self.services) { gateway in
            for (excess, status) in [(0, HTTPStatus.ok), (1, 413)] {
                let bytes = [UInt8](repeating: 120, count: 1024 * 1024 + excess), pieces = Mutex([bytes])
                let body = isToldLength ? HTTPBody.bytes(bytes) : .stream { pieces.withLock { $0.popLast() } }
                let answer = try await TestAnswer(await gateway.send(.post, "/users/echo", body: body))
                #expect(answer.status == status.code)
                #expect(excess == 0 || answer.code == "body-too-large")
            }
        }
    }

    @Test func `when bodies use up the memory of a network, its next request gets a Retry-After`() async throws {
        let isHeld = Mutex(true), arrived = Tally()
        try await TestGateway.with(
            services: { router in
                router.add(.post, "/users/echo") { _ in
                    arrived.add()
                    try? await eventually { isHeld.withLock { !$0 } }
                    return HTTPResponse(.noContent)
                }
            }
        ) { gateway in
            @Sendable func send(from address: String) async -> HTTPResponse {
                let body = HTTPBody.bytes([UInt8](repeating: 120, count: 1024 * 1024))
                return await gateway.send(.post, "/users/echo", body: body, from: address)
            }
            let loop = TestLoops.shared.next()
            var requests = (0..<32).map { _ in loop.start("a request") { await send(from: "192.0.2.1").status } }
            try await eventually { arrived.value == 32 }
            let refused = try await TestAnswer(await send(from: "192.0.2.1"))
            #expect(refused.status == 503 && refused.code == "too-busy" && refused.fields["retry-after"] == "1")
            requests.append(loop.start("another's request") { await send(from: "192.0.2.2").status })
            try await eventually { arrived.value == 33 }
            isHeld.withLock { $0 = false }
            for request in requests { #expect(try await request.value == .noContent) }
            #expect(await send(from: "192.0.2.1").status == .noContent)
        }
    }

    @Test func `requests that block all connections to a service do not block log-ins and registrations`()
        async throws
    {
        let isHeld = Mutex(true), hanging = Tally(), answered = Tally()
        try await TestGateway.with(
            services: { router in
                router.add(.get, "/users/slow") { _ in
                    hanging.add()
                    try? await eventually { isHeld.withLock { !$0 } }
                    return HTTPResponse(.noContent)
                }
                for path in ["/auth/login", "/auth/register"] {
                    router.add(.post, path) { _ in HTTPResponse(.noContent) }
                }
            }
        ) { gateway in
            // Each loop has separate connections.
            let loop = TestLoops.shared.loops[0], count = HTTPClientConfiguration().connectionsPerHostMax
            var requests = (0..<count).map { _ in
                loop.start("a request") { await gateway.send(.get, "/users/slow").status }
            }
            try await eventually { hanging.value == count }
            for path in ["/auth/login", "/auth/register"] {
                requests.append(
                    loop.start("a person") {
                        let status = await gateway.send(.post, path).status
                        answered.add()
                        return status
                    })
            }
            try await eventually { answered.value == 2 }
            isHeld.withLock { $0 = false }
            for request in requests { #expect(try await request.value == .noContent) }
        }
    }

    @Test(arguments: [(HTTPMethod.options, HTTPStatus.noContent), (.put, 405)])
    func `Allow of a path has the methods of its service`(
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

    @Test(arguments: [HTTPMethod.options, .delete])
    func `Allow of a path with two services has the methods of both`(method: HTTPMethod) async throws {
        try await TestGateway.with(
            services: { router in router.add(.post, "/enrollments") { _ in HTTPResponse(.noContent) } }
        ) { gateway in
            let allow = await gateway.send(method, "/enrollments").fields["allow"]
            #expect(allow == "POST, OPTIONS, GET, HEAD")
        }
    }

    @Test func `HEAD returns the length of GET`() async throws {
        try await TestGateway.with(services: Self.services) { gateway in
            let answer = await gateway.send(.head, "/users/me")
            #expect(answer.status == .ok)
            #expect(answer.body.length == 11)
        }
    }

    @Test func `a client that disconnects does not count as a failure`() async throws {
        let never = Gate()
        try await TestGateway.with(
            services: { router in
                router.add(.get, "/users/slow") { _ in
                    await never.wait()
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
            #expect(gateway.service.log.lines.allSatisfy { $0.contains("request answered") })
        }
    }

    @Test(arguments: [("/auth/register", "registration", 8, 60.0), ("/auth/login", "logIn", 32, 4)], [0.0, 1])
    func `expensive requests are limited, later ones wait, and are sealed after the wait`(
        dear: (target: String, lane: String, atOnceMax: Int, secondsMax: Double), excess: Double
    ) async throws {
        let arrivals = Mutex<[String?]>([]), isHeld = Mutex(true)
        try await TestGateway.with(
            services: { router in
                router.add(.post, dear.target) { request in
                    arrivals.withLock { $0.append(request.fields[IdentitySeal.fieldName]) }
                    try? await eventually { isHeld.withLock { !$0 } }
                    return HTTPResponse(.created)
                }
            }
        ) { gateway in
            let loop = TestLoops.shared.next()
            let requests = (0..<dear.atOnceMax).map { _ in
                loop.start("a person") { await gateway.send(.post, dear.target).status }
            }
            try await eventually { arrivals.withLock { $0.count } == dear.atOnceMax }
            let last = loop.start("the last") { await gateway.send(.post, dear.target).status }
            let oneWaits = "gateway_waiting_requests{lane=\"\(dear.lane)\"} 1"
            try await eventually { gateway.service.context.metrics.prometheusText().contains(oneWaits) }
            gateway.service.clock.advance(by: dear.secondsMax + excess)
            isHeld.withLock { $0 = false }
            for request in requests { #expect(try await request.value == .created) }
            #expect(try await last.value == (excess == 0 ? .created : .serviceUnavailable))
            let seals = arrivals.withLock { $0 }
            if excess > 0 {
                #expect(seals.count == dear.atOnceMax)
            } else {
                let seal = gateway.service.context.seal
                let last = try #require(seals.last ?? nil)
                #expect(seal.open(last, method: "POST", target: dear.target) != nil)
            }
        }
    }
}
