import Contracts
import HTTP
import HubTesting
import ServiceTesting
import Platform
import Foundation
import Postgres
import Secrets
import Testing

@testable import Auth

@Suite struct LogInTests {
    @Test func `a log-in gives tokens that the published keys verify`() async throws {
        try await LogInWorld.with { world in
            let id = try await world.person()
            let answer = try await world.logIn("ADA@example.org")
            #expect(answer.status == 200)
            #expect(answer["tokenType"] == "Bearer")
            #expect(answer.object["expiresIn"] as? Int == 900)
            #expect(answer.fields["cache-control"] == "no-store")
            let claims = try await world.claims(answer)
            #expect(claims.subject == id.rawValue)
            #expect(claims.expiresAt.timeIntervalSince(claims.issuedAt) == 900)
            let token = try #require(AccessToken(claims))
            #expect(token.role == .student)
            #expect(try await world.count("select count(*) from session where id = \(token.session)") == 1)
        }
    }

    @Test func `a wrong password and an unknown account get the very same answer`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let known = try await world.logIn("ada@example.org", "another password")
            for (email, password) in [("bob@example.org", "another password"), ("no address", "x")] {
                let answer = try await world.logIn(email, password)
                #expect(answer.status == 401)
                #expect(answer.code == "wrong-credentials")
                #expect(answer.body == known.body)
                #expect(answer.fields == known.fields)
            }
        }
    }

    @Test func `a body of another form is refused`() async throws {
        try await LogInWorld.with { world in
            let answer = try await world.auth.send(
                .post, "/auth/login", json: #"{"email": "ada@example.org", "role": "ADMIN"}"#)
            #expect(answer.status == 422)
            #expect(answer.complaints == ["password", "role"])
        }
    }

    @Test func `a refresh token is kept as its digest alone`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let token = try #require(try await world.logIn()["refreshToken"])
            let digest = SHA256.digest(token)
            #expect(try await world.count("select count(*) from refresh_token where digest = \(digest)") == 1)
            let dump = try await world.auth.database.query(
                "select coalesce(string_agg(to_jsonb(t)::text || to_jsonb(s)::text, ''), '') from refresh_token t, session s"
            )
            #expect(try #require(dump.first).decode(String.self).contains(token) == false)
        }
    }

    @Test func `without the user service nobody logs in, and nobody is blamed`() async throws {
        try await LogInWorld.with(settings: ["HUB_LOGIN_ACCOUNT_FAILURES": "2"]) { world in
            _ = try await world.person()
            await world.server.drain(within: .seconds(1))
            for _ in 0..<5 {
                let answer = try await world.logIn()
                #expect(answer.status == 503)
                #expect(answer.fields["retry-after"] != nil)
            }
            #expect(try await world.count("select count(*) from login_attempts where failure_count > 0") == 0)
        }
    }
}

@Suite struct LockOutTests {
    private static let strict = ["HUB_LOGIN_ACCOUNT_FAILURES": "3", "HUB_LOGIN_ADDRESS_FAILURES": "8"]

    @Test(arguments: ["ada@example.org", "nobody@example.org"])
    func `each failure beyond the free ones doubles the wait, whether or not the account exists`(
        _ email: String
    ) async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for _ in 0..<3 {
                let answer = try await world.logIn(email, "another password")
                #expect(answer.status == 401)
            }
            for wait in [1, 2, 4] {
                // The attempt that is looked at, and the one that comes too early. Each from elsewhere: the account waits.
                let looked = try await world.logIn(email, "another password", from: "192.0.2.\(wait)0")
                #expect(looked.status == 401)
                let early = try await world.logIn(email, LogInWorld.password, from: "192.0.2.\(wait)1")
                #expect(early.status == 429)
                #expect(early.code == "too-many-attempts")
                #expect(early.fields["retry-after"] == "\(wait)")
                world.clock.advance(by: Double(wait))
            }
        }
    }

    @Test func `an attempt that nobody looked at makes nobody wait`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for _ in 0..<3 { _ = try await world.logIn("ada@example.org", "another password") }
            await world.server.drain(within: .seconds(1))
            for _ in 0..<3 { #expect(try await world.logIn().status == 503) }
        }
    }

    @Test func `nobody waits for others of IPv4 whom the gateway hears on a socket of IPv6`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for number in 1...9 {
                let failed = try await world.logIn(
                    "p\(number)@example.org", "another password", from: "::ffff:192.0.2.1")
                #expect(failed.status == 401)
            }
            #expect(try await world.logIn(from: "192.0.2.1").status == 429)
            #expect(try await world.logIn(from: "::ffff:192.0.2.2").status == 200)
        }
    }

    @Test func `after the wait the right password opens, and the past is forgotten`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for _ in 0..<4 { _ = try await world.logIn("ada@example.org", "another password") }
            let early = try await world.logIn()
            #expect(early.status == 429)
            world.clock.advance(by: 1)
            let late = try await world.logIn()
            #expect(late.status == 200)
            for _ in 0..<3 {
                let answer = try await world.logIn("ada@example.org", "another password")
                #expect(answer.status == 401)
            }
        }
    }

    @Test func `guesses sent all at once are all counted`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<30 {
                    group.addTask {
                        try await world.logIn("ada@example.org", "guess number \(number)", from: "192.0.2.\(number)")
                            .status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // Three free ones, and the one that began the wait.
            #expect(statuses.filter { $0 == 401 }.count == 4)
            #expect(statuses.filter { $0 == 429 }.count == 26)
        }
    }

    @Test func `guesses that meet at the account are counted one after the other`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            _ = try await world.logIn("ada@example.org", "another password", from: "192.0.2.99")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                try await world.auth.database.transaction { holder in
                    _ = try await holder.query("select from login_attempts for update")
                    for number in 0..<5 {
                        group.addTask {
                            try await world.logIn("ada@example.org", "guess \(number)", from: "192.0.2.\(number)")
                                .status
                        }
                    }
                    // Whoever only reads the count comes as far as this too, and writes over what the others counted.
                    try await eventually("two wait for the row") {
                        try await world.count(
                            """
                            select count(*) from pg_stat_activity
                            where wait_event_type = 'Lock' and datname = current_database()
                            """) >= 2
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // The second and third free one, and the one that began the wait.
            #expect(statuses.sorted() == [401, 401, 401, 429, 429])
        }
    }

    @Test func `one account's failures do not hold up another`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person("bob@example.org")
            for _ in 0..<5 { _ = try await world.logIn("ada@example.org", "another password") }
            let answer = try await world.logIn("bob@example.org")
            #expect(answer.status == 200)
        }
    }

    @Test func `an address that tries one account after the other waits as well`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for number in 0..<9 {
                let answer = try await world.logIn(
                    "p\(number)@example.org", "another password", from: "2001:db8::\(number)")
                #expect(answer.status == 401)
            }
            let same = try await world.logIn(from: "2001:db8:0:0:ffff::1")
            #expect(same.status == 429)
            let elsewhere = try await world.logIn(from: "2001:db8:0:1::1")
            #expect(elsewhere.status == 200)
        }
    }

    @Test func `a class that logs in at once from one address is let in`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            for number in 0..<30 { _ = try await world.person("p\(number)@example.org") }
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<30 { group.addTask { try await world.logIn("p\(number)@example.org").status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 30))
        }
    }

    @Test func `neither addresses of mail nor of machines are kept`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.logIn("ada@example.org", "another password", from: "192.0.2.77")
            let rows = try await world.auth.database.query("select to_jsonb(a)::text from login_attempts a")
            #expect(rows.count == 2)
            for row in rows {
                let text = try row.decode(String.self)
                #expect(!text.contains("ada") && !text.contains("192.0.2.77"))
            }
        }
    }
}
