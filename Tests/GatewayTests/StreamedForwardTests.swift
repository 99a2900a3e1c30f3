import Contracts
import EventLoop
import Foundation
import HTTP
import HubTesting
import Observability
import Platform
import ServiceTesting
import Synchronization
import Testing

@testable import Gateway

@Suite struct StreamedForwardTests {
    private static let row = PublicPath("/parts/*", .media, .put).streamed(bodyBytesMax: 4 << 20)

    /// Runs `body` with the gateway's forwarding before a media service with one stream route.
    private func with(
        taking chunks: Tally = Tally(), _ body: @escaping @Sendable (ForwardRequest) async throws -> Void
    ) async throws {
        let directory = ServiceDirectory()
        let clock = TestClock()
        try await TestService<GatewayService>.with(clock: clock, directory: directory) { gateway in
            try await Neighbours.with([.media], in: directory, clock: clock) { routes in
                routes.putStream("/parts/{n}", .user, bodyBytesMax: 4 << 20) { request in
                    var count = 0
                    for try await chunk in request.http.body {
                        count += chunk.count
                        chunks.add()
                    }
                    return .text(.ok, "\(count)")
                }
                routes.put("/whole", .user) { _ in .noContent }
            } _: {
                try await body(ForwardRequest(gateway.context, timeout: .seconds(30)))
            }
        }
    }

    private func user() -> Identity {
        .user(.make(at: .init(timeIntervalSince1970: 0)), role: .instructor, session: "s")
    }

    @Test func `a streamed body reaches its service while it is sent, and may exceed the memory limit`()
        async throws
    {
        let taken = Tally()
        let identity = user()
        try await with(taking: taken) { forward in
            let pieces = Mutex(30)
            let body = HTTPBody.stream(length: 30 * 100_000) {
                let number = pieces.withLock { left in
                    left -= 1
                    return left
                }
                // Nothing more is sent until the service has some of it.
                if number == 10 { try await eventually { taken.value > 0 } }
                return number < 0 ? nil : [UInt8](repeating: 7, count: 100_000)
            }
            let answer = try await forward(
                HTTPRequest(.put, "/parts/1", body: body), by: Self.row, in: .general, as: identity)
            #expect(try await TestAnswer(answer).text == "3000000")
        }
    }

    @Test func `a streamed body beyond the limit of its path is refused, and other paths accept none`() async throws {
        let identity = user()
        try await with { forward in
            let long = HTTPBody.stream(length: 4 << 20 + 1) { [1] }
            await #expect(throws: Problem.self) {
                try await forward(HTTPRequest(.put, "/parts/1", body: long), by: Self.row, in: .general, as: identity)
            }
            // As if a row allowed it by mistake: the service accepts no unsealed body.
            let whole = PublicPath("/whole", .media, .put).streamed(bodyBytesMax: 10)
            let answer = try await forward(
                HTTPRequest(.put, "/whole", body: .bytes([1])), by: whole, in: .general, as: identity)
            #expect(answer.status == .unauthorized)
        }
    }

    @Test func `a path can have a longer time limit for responses`() async throws {
        let held = Gate()
        try await TestGateway.with(
            services: { router in
                router.add(.get, "/files/a") { _ in
                    await held.wait()
                    return .text(.ok, "late")
                }
            }
        ) { gateway in
            let forward = ForwardRequest(gateway.service.context, timeout: .milliseconds(50))
            let request = HTTPRequest(.get, "/files/a")
            await #expect(throws: GatewayError.upstreamTimedOut) {
                try await forward(request, by: PublicPath("/files/*", .media), in: .general, as: .anonymous)
            }
            async let late = forward(
                request, by: PublicPath("/files/*", .media).taking(.seconds(20)), in: .general, as: .anonymous)
            try await eventually { held.arrivals == 2 }
            held.open()
            #expect(try await TestAnswer(try await late).text == "late")
        }
    }
}
