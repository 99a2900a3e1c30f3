import Contracts
import Foundation
import HTTP
import ServiceTesting
import HubTesting
import Platform
import Observability
import Postgres
import Secrets
import Testing

@testable import Auth

@Suite struct RefreshTests {
    @Test func `a refresh token is exchanged for the next pair of one session`() async throws {
        try await LogInWorld.with { world in
            let id = try await world.person()
            let first = try await world.logIn()
            world.clock.advance(by: 600)
            let second = try await world.refresh(first["refreshToken"])
            #expect(second.status == 200)
            #expect(second["refreshToken"] != first["refreshToken"])
            let old = try await world.claims(first), new = try await world.claims(second)
            #expect(new.subject == id.rawValue)
            #expect(new.others["sid"] == old.others["sid"])
            #expect(new.id != old.id)
            #expect(new.expiresAt == world.clock.now + 900)
            let third = try await world.refresh(second["refreshToken"])
            #expect(third.status == 200)
        }
    }

    @Test func `a client that lost the response gets the same refresh token again`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let token = try await world.logIn()["refreshToken"]
            let lost = try await world.refresh(token)
            world.clock.advance(by: TokenUse.graceSeconds)
            let retried = try await world.refresh(token)
            #expect(retried.status == 200)
            #expect(retried["refreshToken"] == lost["refreshToken"])
            let first = try await world.claims(lost), second = try await world.claims(retried)
            #expect(second.others["sid"] == first.others["sid"])
            #expect(second.id != first.id)
            #expect(try await world.refresh(retried["refreshToken"]).status == 200)
        }
    }

    @Test func `concurrent refreshes with one token all get the next one, and the session continues`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let token = try await world.logIn()["refreshToken"]
            let answers = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
                for _ in 0..<20 { group.addTask { try await world.refresh(token) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.map(\.status) == Array(repeating: 200, count: 20))
            #expect(Set(answers.compactMap { $0["refreshToken"] }).count == 1)
            #expect(try await world.count("select count(*) from refresh_token") == 2)
            #expect(try await world.refresh(answers.first?["refreshToken"]).status == 200)
        }
    }

    @Test func `a used token after the grace time ends the session with all its tokens`()
        async throws
    {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let stolen = try await world.logIn()["refreshToken"]
            let newest = try await world.refresh(stolen)["refreshToken"]
            world.clock.advance(by: TokenUse.graceSeconds + 0.001)
            let again = try await world.refresh(stolen)
            #expect(again.status == 401)
            #expect(again.code == "invalid-refresh-token")
            #expect(try await world.refresh(newest).status == 401)
            #expect(try await world.count("select count(*) from session where end_reason = 'reuse'") == 1)
            #expect(world.auth.log.lines.contains { $0.contains("refresh token reused") })
            // Another log-in is another family.
            let other = try await world.refresh(try await world.logIn()["refreshToken"])
            #expect(other.status == 200)
        }
    }

    @Test func `a token repeated after the use of the next one ends the session`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let stolen = try await world.logIn()["refreshToken"]
            let second = try await world.refresh(stolen)["refreshToken"]
            let third = try await world.refresh(second)["refreshToken"]
            // The owner is two steps ahead, within the same second.
            #expect(try await world.refresh(stolen).status == 401)
            #expect(try await world.refresh(third).status == 401)
            #expect(try await world.count("select count(*) from session where end_reason = 'reuse'") == 1)
        }
    }

    @Test func `a thief who refreshes before the owner is detected later`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let stolen = try await world.logIn()["refreshToken"]
            let thief = try await world.refresh(stolen)["refreshToken"]
            world.clock.advance(by: 5)
            let owner = try await world.refresh(stolen)["refreshToken"]
            #expect(owner == thief)
            world.clock.advance(by: 800)
            let ahead = try await world.refresh(thief)["refreshToken"]
            world.clock.advance(by: 60)
            #expect(try await world.refresh(owner).status == 401)
            #expect(try await world.refresh(ahead).status == 401)
        }
    }

    @Test func `a forged token and an expired session get the same response`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let token = try await world.logIn()["refreshToken"]
            world.clock.advance(by: 31 * 86_400)
            let expired = try await world.refresh(token), invented = try await world.refresh("invented")
            #expect(expired.status == 401)
            #expect(expired.body == invented.body)
        }
    }

    @Test func `a session with too many refreshes is limited, and no other one`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            var token = try await world.logIn()["refreshToken"]
            for second in 0..<Session.refreshCountMax {
                if second == 1 { world.clock.advance(by: 20) }
                let answer = try await world.refresh(token)
                #expect(answer.status == 200)
                token = answer["refreshToken"]
            }
            let early = try await world.refresh(token)
            #expect(early.status == 429)
            #expect(early.code == "too-many-requests")
            #expect(early.fields["retry-after"] == "40")
            #expect(try await world.refresh(try await world.logIn()["refreshToken"]).status == 200)
            world.clock.advance(by: 40)
            #expect(try await world.refresh(token).status == 200)
        }
    }

    @Test func `each refresh prolongs the session`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            var token = try await world.logIn()["refreshToken"]
            for _ in 0..<4 {
                world.clock.advance(by: 20 * 86_400)
                try await world.auth.service.operations.keys.rotate(at: world.clock.now)
                let answer = try await world.refresh(token)
                #expect(answer.status == 200)
                token = answer["refreshToken"]
            }
        }
    }

    @Test func `the next refresh has the new role`() async throws {
        try await LogInWorld.with { world in
            let id = try await world.person(), admin = try await world.admin()
            let first = try await world.logIn()
            let change = try await world.users.send(
                .put, "/users/\(id)/role", as: .user(admin, role: .admin, session: "s"),
                json: #"{"role": "INSTRUCTOR"}"#)
            #expect(change.status == 200)
            let second = try await world.refresh(first["refreshToken"])
            #expect(try await world.claims(first).others["role"] == "STUDENT")
            #expect(try await world.claims(second).others["role"] == "INSTRUCTOR")
        }
    }

    @Test func `an erased person cannot refresh`() async throws {
        try await LogInWorld.with { world in
            let id = try await world.person()
            let token = try await world.logIn()["refreshToken"]
            let erasure = try await world.users.send(.delete, "/users/me", as: .user(id, role: .student, session: "s"))
            #expect(erasure.status == 202)
            // The event has not arrived yet.
            let answer = try await world.refresh(token)
            #expect(answer.status == 401)
            #expect(try await world.openSessionCount() == 0)
        }
    }

    @Test func `while the user service is down a refresh does not use up the token`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let token = try await world.logIn()["refreshToken"]
            await world.server.drain(within: .seconds(1))
            let answer = try await world.refresh(token)
            #expect(answer.status == 503)
            #expect(try await world.count("select count(*) from refresh_token where used_at is not null") == 0)
            #expect(try await world.openSessionCount() == 1)
        }
    }
}

@Suite struct LogOutTests {
    @Test func `a log-out ends one session, also when repeated`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let first = try await world.logIn()["refreshToken"], other = try await world.logIn()["refreshToken"]
            for token in [first, first, "invented"] {
                let answer = try await world.logOut(token)
                #expect(answer.status == 204)
            }
            let ended = try await world.refresh(first)
            #expect(ended.status == 401)
            let open = try await world.refresh(other)
            #expect(open.status == 200)
        }
    }

    @Test func `a log-out everywhere ends only the sessions of that person`() async throws {
        try await LogInWorld.with { world in
            let ada = try await world.person()
            _ = try await world.person("bob@example.org")
            let tokens = [try await world.logIn()["refreshToken"], try await world.logIn()["refreshToken"]]
            let bob = try await world.logIn("bob@example.org")["refreshToken"]
            let anonymous = try await world.auth.send(.post, "/auth/logout-all")
            #expect(anonymous.status == 401)
            let answer = try await world.auth.send(
                .post, "/auth/logout-all", as: .user(ada, role: .student, session: "s"))
            #expect(answer.status == 204)
            for token in tokens {
                let refreshed = try await world.refresh(token)
                #expect(refreshed.status == 401)
            }
            let others = try await world.refresh(bob)
            #expect(others.status == 200)
        }
    }

    @Test func `the gateway learns which sessions have ended, for whatever reason`() async throws {
        try await LogInWorld.with { world in
            let ada = try await world.person(), bob = try await world.person("bob@example.org")
            func session(_ answer: TestAnswer) async throws -> String {
                try #require(try await world.claims(answer).others["sid"])
            }
            let old = try await session(try await world.logIn("bob@example.org"))
            world.clock.advance(by: 30 * 86_400)
            let loggedOut = try await world.logIn("bob@example.org"), stolen = try await world.logIn("bob@example.org")
            let open = try await world.logIn("bob@example.org"), erased = try await world.logIn()
            var ended = [old]
            for answer in [loggedOut, stolen, erased] { ended.append(try await session(answer)) }
            let asked = try await ended + [session(open), "ses_unknown"]
            func answer(as identity: Identity = .service(.gateway)) async throws -> TestAnswer {
                let list = asked.map { #""\#($0)""# }.joined(separator: ",")
                return try await world.auth.send(
                    .post, "/internal/sessions/ended", as: identity, json: #"{"sessionIds": [\#(list)]}"#)
            }
            #expect(try await Set(answer().decoded(as: Ended.self).ended) == [old, "ses_unknown"])

            _ = try await world.logOut(loggedOut["refreshToken"])
            for _ in 1...2 {
                _ = try await world.refresh(stolen["refreshToken"])
                world.clock.advance(by: TokenUse.graceSeconds + 1)
            }
            try await world.auth.deliver(UserDeleted(userID: ada, deletedAt: world.clock.now))
            #expect(try await Set(answer().decoded(as: Ended.self).ended) == Set(ended + ["ses_unknown"]))
            _ = try await world.auth.send(
                .post, "/auth/logout-all", as: .user(bob, role: .student, session: "s"))
            #expect(try await Set(answer().decoded(as: Ended.self).ended) == Set(asked))
            #expect(try await answer(as: .user(bob, role: .admin, session: "s")).status == 403)
        }
    }

    private struct Ended: Decodable {
        let ended: [String]
    }

    @Test func `a person sees the sessions they have open`() async throws {
        try await LogInWorld.with { world in
            let ada = try await world.person()
            _ = try await world.person("bob@example.org")
            _ = try await world.logIn("bob@example.org")
            let ended = try await world.logIn()["refreshToken"]
            _ = try await world.logOut(ended)
            world.clock.advance(by: 60)
            let current = try await world.claims(try await world.logIn()).others["sid"] ?? ""
            world.clock.advance(by: 60)
            _ = try await world.logIn()
            let identity = Identity.user(ada, role: .student, session: current)
            let answer = try await world.auth.send(.get, "/auth/sessions", as: identity)
            #expect(answer.items.count == 2)
            #expect(answer.items.map { $0["current"] as? Bool } == [false, true])
            #expect(answer.items.last?["id"] as? String == current)
            #expect(answer.items.last?["userAgent"] as? String == "Browser/1")
            #expect(!answer.text.contains("oken"))
        }
    }
}

@Suite struct HandlerTests {
    @Test func `a log-in during the erasure creates no session`() async throws {
        let hold = Hold()
        try await LogInWorld.with(onVerified: { await hold.wait() }) { world in
            let ada = try await world.person()
            async let loggingIn = world.logIn()
            try await eventually { hold.isReached }
            try await world.auth.deliver(UserDeleted(userID: ada, deletedAt: world.clock.now))
            hold.end()
            #expect(try await loggingIn.status == 401)
            #expect(try await world.count("select count(*) from session") == 0)
        }
    }

    @Test func `an erasure waits for a session that is being created, and deletes it`() async throws {
        try await LogInWorld.with { world in
            let ada = try await world.person(), now = world.clock.now
            let session = Session(of: ada, userAgent: nil, at: now, lifetime: 60)
            let erasing = try await world.auth.database.transaction { tx in
                #expect(try await Store().insert(session, on: tx))
                let erasing = Task { try await world.auth.deliver(UserDeleted(userID: ada, deletedAt: now)) }
                try await eventually { try await world.waitingForLocks() == 1 }
                return erasing
            }
            #expect(try await erasing.value)
            #expect(try await world.count("select count(*) from session") == 0)
        }
    }

    @Test func `a repeated erasure in one batch erases only that person`() async throws {
        try await LogInWorld.with { world in
            let ada = try await world.person(), bob = try await world.person("bob@example.org")
            _ = try await world.logIn()
            _ = try await world.logIn("bob@example.org")
            let now = world.clock.now
            let erasures = [ada, ada].map { UserDeleted(userID: $0, deletedAt: now) }
            #expect(try await world.auth.deliver(together: erasures) == 2)
            #expect(try await world.count("select count(*) from session where user_id = \(ada.rawValue)") == 0)
            #expect(try await world.count("select count(*) from session where user_id = \(bob.rawValue)") == 1)
            #expect(try await world.count("select count(*) from erased_user") == 1)
        }
    }

    @Test func `the sessions of an erased person end, also after repeated events`() async throws {
        try await LogInWorld.with { world in
            let ada = try await world.person()
            _ = try await world.person("bob@example.org")
            let token = try await world.logIn()["refreshToken"]
            let bob = try await world.logIn("bob@example.org")["refreshToken"]
            let event = UserDeleted(userID: ada, deletedAt: world.clock.now)
            let eventID = EventID.make(at: world.clock.now)
            #expect(try await world.auth.deliver(event, id: eventID))
            #expect(try await !world.auth.deliver(event, id: eventID))
            try await world.auth.deliver(event)
            #expect(try await world.count("select count(*) from session where user_id = \(ada.rawValue)") == 0)
            #expect(try await world.count("select count(*) from refresh_token") == 1)
            let gone = try await world.refresh(token)
            #expect(gone.status == 401)
            let others = try await world.refresh(bob)
            #expect(others.status == 200)
        }
    }
}

@Suite struct CleanUpTests {
    @Test func `expired data are deleted, the rest remains`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            _ = try await world.logIn()
            _ = try await world.logIn("nobody@example.org", "another password")
            world.clock.advance(by: 29 * 86_400)
            let young = try await world.logIn()["refreshToken"]
            world.clock.advance(by: 2 * 86_400)
            _ = try await world.logIn("nobody@example.com", "another password", from: "192.0.2.9")
            // One session, and the tallies of the old attempts: two accounts at one address, and the address.
            #expect(try await world.auth.service.operations.cleanUp() == 6)
            #expect(try await world.auth.service.operations.cleanUp() == 0)
            #expect(try await world.count("select count(*) from attempt_tally") == 3)
            let answer = try await world.refresh(young)
            #expect(answer.status == 200)
        }
    }

    @Test func `a device without a log-in for half a year is deleted`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let device = try await world.logIn()["deviceToken"]
            world.clock.advance(by: 180 * 86_400)
            _ = try await world.logIn()
            _ = try await world.auth.service.operations.cleanUp()
            #expect(try await world.count("select count(*) from device") == 2)
            world.clock.advance(by: 1)
            _ = try await world.auth.service.operations.cleanUp()
            #expect(try await world.count("select count(*) from device") == 1)
            #expect(try await world.logIn(device: device)["deviceToken"] != device)
        }
    }
}
