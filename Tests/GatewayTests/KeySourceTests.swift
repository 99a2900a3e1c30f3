import Contracts
import EventLoop
import Foundation
@testable import Gateway
import HTTP
import HubTesting
import Platform
import Secrets
import ServiceTesting
import Synchronization
import Testing

@Suite struct KeySourceTests {
    /// The part of auth that the gateway uses: keys set by the test.
    private final class Auth: Sendable {
        private struct State {
            var keys: [SigningKey]
            var isAway = false
            var isHeld = false
            var askedCount = 0
        }
        private let state = Mutex(State(keys: [.generate()]))

        var askedCount: Int { state.withLock { $0.askedCount } }
        var isAway: Bool {
            get { state.withLock { $0.isAway } }
            set { state.withLock { $0.isAway = newValue } }
        }
        /// While closed, requests for the keys get no response.
        var isHeld: Bool {
            get { state.withLock { $0.isHeld } }
            set { state.withLock { $0.isHeld = newValue } }
        }

        /// Adds a key, which signs from now on.
        /// - Returns: its id.
        func rotate() -> String {
            let key = SigningKey.generate()
            state.withLock { $0.keys.append(key) }
            return key.id
        }

        func addRoutes(to router: inout Router) {
            router.add(.get, "/.well-known/jwks.json") { _ in
                self.state.withLock { $0.askedCount += 1 }
                try? await eventually("the keys are given") { !self.isHeld }
                return self.state.withLock { state in
                    if state.isAway { return HTTPResponse(.serviceUnavailable) }
                    return HTTPResponse(.ok, body: .bytes(VerifyingKeys(state.keys.map(\.verifyingKey)).json()))
                }
            }
        }

        func token(at now: Date) throws -> String {
            let key = try #require(state.withLock { $0.keys.last })
            let token = AccessToken(
                userID: .make(at: now), role: .student, session: "ses_1", expiresAt: now + 3_600)
            return try key.sign(token.claims(id: UUID().uuidString, issuedAt: now))
        }
    }

    /// The gateway's keys before an auth of the test's own.
    private struct World: Sendable {
        let auth: Auth
        let gateway: TestGateway
        let source: KeySource
        let verify: VerifyToken
        var clock: TestClock { gateway.service.clock }

        func token() throws -> String { try auth.token(at: clock.now) }
        func accepts(_ token: String) async throws { _ = try await verify(token, now: clock.now) }

        static func with(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
            let auth = Auth()
            try await TestGateway.with(services: auth.addRoutes) { gateway in
                let source = KeySource(gateway.service.context, ServiceClient(gateway.service.context))
                try await body(
                    World(auth: auth, gateway: gateway, source: source, verify: VerifyToken(keys: source)))
            }
        }
    }

    /// Longer than keys are kept without asking again.
    private static let keptSeconds = 301.0

    @Test func `many concurrent requests fetch the keys once`() async throws {
        try await World.with { world in
            world.auth.isHeld = true
            let begun = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    let token = try world.token()
                    group.addTask {
                        begun.add()
                        try await world.accepts(token)
                    }
                }
                try await eventually { world.auth.askedCount > 0 && begun.value == 50 }
                world.auth.isHeld = false
                try await group.waitForAll()
            }
            #expect(world.auth.askedCount == 1)
        }
    }

    @Test func `a new key is known before a token is signed with it`() async throws {
        try await World.with { world in
            let (first, second) = (try world.token(), try world.token())
            try await world.accepts(first)
            let newKey = world.auth.rotate()
            world.clock.advance(by: Self.keptSeconds)
            // An old key is all that this one needs, and it does not wait for the new ones either.
            world.auth.isHeld = true
            try await world.accepts(second)
            try await eventually { world.auth.askedCount == 2 }
            world.auth.isHeld = false
            try await eventually { try await world.source.current()[newKey] != nil }
            // A request now would get no response.
            world.auth.isHeld = true
            try await world.accepts(world.token())
            #expect(world.auth.askedCount == 2)
            world.auth.isHeld = false
        }
    }

    @Test func `while auth is down, its last keys are used`() async throws {
        try await World.with { world in
            let tokens = try (0..<2).map { _ in try world.token() }
            try await world.accepts(tokens[0])
            world.auth.isAway = true
            world.clock.advance(by: Self.keptSeconds)
            // After two requests without a response.
            try await eventually {
                _ = try await world.source.current()
                world.clock.advance(by: 2)
                return world.auth.askedCount >= 4
            }
            try await world.accepts(tokens[1])
        }
    }

    @Test func `keys are refreshed in time after the clock was set back`() async throws {
        try await World.with { world in
            try await world.accepts(world.token())
            world.clock.set(by: -3_600)
            world.clock.advance(by: Self.keptSeconds)
            _ = try await world.source.current()
            try await eventually { world.auth.askedCount == 2 }
        }
    }
}
