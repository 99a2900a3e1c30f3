import Foundation
import HTTP
import HubTesting
import ServiceTesting
import Postgres
import Secrets
import Testing

@testable import Auth

@Suite struct KeyRingTests {
    private static func ids(_ auth: TestService<AuthService>) async throws -> [String] {
        let answer = try await auth.send(.get, "/.well-known/jwks.json")
        #expect(answer.fields["cache-control"] == "public, max-age=300")
        return try #require(VerifyingKeys(json: Array(answer.body))).ids
    }

    @Test func `processes that start concurrently create one key`() async throws {
        try await TestDatabase.with(TestService<AuthService>.template) { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { _ = try await TestService<AuthService>(on: test.database) } }
                try await group.waitForAll()
            }
            let auth = try await TestService<AuthService>(on: test.database)
            #expect(try await Self.ids(auth).count == 1)
        }
    }

    @Test func `only public keys are published`() async throws {
        try await TestService<AuthService>.with { auth in
            let answer = try await auth.send(.get, "/.well-known/jwks.json")
            #expect(!answer.text.contains(#""d""#))
        }
    }

    @Test func `a rotation leaves every token valid, in every process`() async throws {
        try await LogInWorld.with(settings: ["HUB_SIGNING_KEY_AGE": "1d"]) { world in
            _ = try await world.person()
            let keys = world.auth.service.operations.keys
            let (clock, database) = (world.clock, world.auth.database)
            let config = world.auth.service.operations.config
            let other = KeyRing(database: database, schedule: config.keys, uptime: { clock.uptime })
            let first = try await keys.signingKey(at: clock.now).id
            _ = try await other.signingKey(at: clock.now)

            // Published, and not signing yet.
            clock.advance(by: 82_800)
            #expect(try await keys.rotate(at: clock.now))
            #expect(try await !other.rotate(at: clock.now))
            #expect(try await Self.ids(world.auth).count == 2)
            #expect(try await keys.signingKey(at: clock.now).id == first)

            clock.advance(by: 3_599)
            let last = try await world.logIn()
            clock.advance(by: 1)
            let second = try await other.signingKey(at: clock.now).id
            #expect(second != first)
            #expect(try await keys.signingKey(at: clock.now).id == second)
            clock.advance(by: 890)
            try await keys.rotate(at: clock.now)
            _ = try await world.claims(last)

            clock.advance(by: 4_000)
            try await keys.rotate(at: clock.now)
            #expect(try await Self.ids(world.auth) == [second])
        }
    }

    @Test func `a key of another process is loaded in time after the clock was set back`() async throws {
        try await TestService<AuthService>.with(settings: ["HUB_SIGNING_KEY_AGE": "1d"]) { auth in
            let schedule = auth.service.operations.config.keys, clock = auth.clock
            let other = KeyRing(database: auth.database, schedule: schedule, uptime: { clock.uptime })
            clock.advance(by: 82_800)
            let before = try await Self.ids(auth)
            #expect(before.count == 1)
            #expect(try await other.rotate(at: clock.now))
            clock.set(by: -3_600)
            clock.advance(by: 61)
            #expect(try await Self.ids(auth).count == 2)
        }
    }
}
