import Contracts
import EventLoop
import HTTP
import HubTesting
import ServiceTesting
import Platform
import Foundation
import Postgres
import Secrets
import Synchronization
import Testing

@testable import Auth

extension LogInWorld {
    /// Failed or unchecked attempts of accounts that were each tried once at one place.
    fileprivate func failures() async throws -> Int {
        try await count("select count(*) / 2 from attempt_tally where failures > 0")
    }
}

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

    @Test func `a wrong password and an unknown account get the same response`() async throws {
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

    @Test func `a refresh token is stored only as a digest`() async throws {
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

    @Test func `while the user service is down log-ins fail and count no attempt`() async throws {
        try await LogInWorld.with(settings: ["HUB_LOGIN_PLACE_FAILURES": "2"]) { world in
            _ = try await world.person()
            await world.server.drain(within: .seconds(1))
            for _ in 0..<5 {
                let answer = try await world.logIn()
                #expect(answer.status == 503)
                #expect(answer.fields["retry-after"] != nil)
            }
            #expect(try await world.count("select count(*) from attempt_tally where failures > 0") == 0)
        }
    }

    @Test func `blocked calls to the user service do not block log-ins`() async throws {
        let hold = Hold(), asked = Mutex(0), answered = Mutex(0)
        var router = Router()
        router.add(.get, "/internal/users/{id}") { _ in
            asked.withLock { $0 += 1 }
            await hold.wait()
            return HTTPResponse(.notFound)
        }
        router.add(.post, "/internal/credentials/verify") { _ in HTTPResponse(.unauthorized) }
        let server = HTTPServer(configuration: HTTPServerConfiguration(), loops: TestLoops.shared, router: router)
        let port = try await server.start()
        try await LogInWorld.with { world in
            world.auth.context.services[.user] = "http://127.0.0.1:\(port)"
            // Each loop has separate connections.
            let loop = TestLoops.shared.loops[0], count = HTTPClientConfiguration().connectionsPerHostMax
            let accounts = world.auth.service.operations.accounts, user = UserID.make(at: world.clock.now)
            let questions = (0..<count).map { _ in
                loop.start("a question") { try await accounts.role(of: user) == nil }
            }
            try await eventually { asked.withLock { $0 == count } }
            let logIn = loop.start("a log-in") {
                let status = try await world.logIn().status
                answered.withLock { $0 += 1 }
                return status
            }
            try await eventually { answered.withLock { $0 == 1 } }
            #expect(try await logIn.value == 401)
            hold.end()
            for question in questions { #expect(try await question.value) }
        }
        await server.drain(within: .seconds(5))
    }

    @Test func `a log-in beyond the bulkhead is refused at once and not counted`() async throws {
        let hold = Hold(), statuses = Mutex<[Int: Int]>([:])
        try await LogInWorld.with(onVerified: hold.wait) { world in
            let flood = (0..<200).map { number in
                TestLoops.shared.next().start("a log-in") {
                    let answer = try await world.logIn(
                        "person-\(number)@example.org", "a password", from: "192.0.2.\(number)")
                    #expect(answer.status == 401 || answer.fields["retry-after"] == "3")
                    statuses.withLock { $0[answer.status, default: 0] += 1 }
                }
            }
            // In two seconds 80 are done: 40 a second.
            try await eventually { statuses.withLock { $0 == [503: 120] } }
            try await eventually { try await world.failures() == 32 }
            hold.end()
            for logIn in flood { try await logIn.value }
            #expect(statuses.withLock { $0 } == [503: 120, 401: 80])
        }
    }
}
