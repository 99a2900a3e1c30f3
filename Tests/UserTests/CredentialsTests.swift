import Contracts
import Dispatch
import EventLoop
import Foundation
import HTTP
import HubTesting
import ServiceTesting
import Observability
import Platform
import Postgres
@testable import Secrets
import Synchronization
import Testing

@testable import User

@Suite struct CredentialsTests {
    private static func verify(_ users: Users, _ email: String, _ password: String) async throws -> TestAnswer {
        try await users.send(
            .post, "/internal/credentials/verify", as: .service(.auth),
            json: #"{"email": "\#(email)", "password": "\#(password)"}"#)
    }

    @Test func `valid credentials return their account`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            let answer = try await Self.verify(users, "ADA@example.org", Users.password)
            #expect(answer.status == 200)
            #expect([answer["userId"], answer["role"]] == [id.rawValue, "STUDENT"])
        }
    }

    @Test func `a wrong password and an unknown account get the same response`() async throws {
        try await Users.with { users in
            _ = try await users.person()
            let known = try await Self.verify(users, "ada@example.org", "another password")
            let unknown = try await Self.verify(users, "bob@example.org", "another password")
            let impossible = try await Self.verify(users, "not an address", "another password")
            let endless = try await Self.verify(users, "ada@example.org", String(repeating: "p", count: 2_000))
            for answer in [known, unknown, impossible, endless] {
                #expect(answer.status == 401)
                #expect(answer.code == "wrong-credentials")
                #expect(answer.body == known.body)
                #expect(answer.fields == known.fields)
            }
        }
    }

    @Test func `an unknown account needs a hash like any other`() async throws {
        try await TestDatabase.with(Users.template) { test in
            _ = try await Users(on: test.database, settings: Users.cheap).person()
            let users = try await Users(on: test.database, settings: Users.cheap)
            // A pool that accepts no work reveals a 401 without a hash.
            users.service.operations.hasher.pool.shutdown()
            for email in ["ada@example.org", "bob@example.org", "not an address"] {
                let answer = try await Self.verify(users, email, "another password")
                #expect(answer.status == 503, "\(email)")
            }
        }
    }

    @Test func `only a service may verify credentials`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            let body = #"{"email": "ada@example.org", "password": "correct horse battery staple"}"#
            for identity in [Identity.anonymous, .person(id, .admin)] {
                let answer = try await users.send(.post, "/internal/credentials/verify", as: identity, json: body)
                #expect(answer.status == 403)
                #expect(try await users.send(.get, "/internal/users/\(id)", as: identity).status == 403)
            }
        }
    }

    @Test func `a log-in updates a hash to the current cost`() async throws {
        try await TestDatabase.with(Users.template) { test in
            let before = try await Users(on: test.database, settings: Users.cheap)
            _ = try await before.person()
            let users = try await Users(
                on: test.database, settings: Users.cheap.merging(["HUB_PASSWORD_ITERATIONS": "3"]) { $1 })
            #expect(try await Self.verify(users, "ada@example.org", "another password").status == 401)
            #expect(try await users.count("select count(*) from account where password_hash like '%t=1,%'") == 1)
            #expect(try await Self.verify(users, "ada@example.org", Users.password).status == 200)
            #expect(try await users.count("select count(*) from account where password_hash like '%t=3,%'") == 1)
            #expect(try await Self.verify(users, "ada@example.org", Users.password).status == 200)
        }
    }

    @Test func `passwords that cannot be hashed in time are refused at once`() async throws {
        // A fifth of a second each, as is reckoned at first; none of them is really hashed.
        let dear = ["HUB_PASSWORD_MEMORY_KIB": "333333", "HUB_PASSWORD_ITERATIONS": "1"]
        try await TestService<UserService>.with(settings: dear) { users in
            let hasher = users.service.operations.hasher, loop = TestLoops.shared.next()
            let held = DispatchSemaphore(value: 0), threadCount = PasswordHasher.threadCountDefault
            let arrived = Mutex(0)
            let occupied = (0..<threadCount).map { _ in
                loop.start("a thread") {
                    try await hasher.pool.run {
                        arrived.withLock { $0 += 1 }
                        held.wait()
                    }
                }
            }
            try await eventually { arrived.withLock { $0 } == threadCount }
            let refusals = Mutex<[String?]>([])
            let asking = (0..<20 * threadCount).map { number in
                loop.start("a password") {
                    let answer =
                        number.isMultiple(of: 2)
                        ? try await users.register("person-\(number)@example.org")
                        : try await Self.verify(users, "ada@example.org", "another password")
                    if answer.code == "too-busy" { refusals.withLock { $0.append(answer.fields["retry-after"]) } }
                }
            }
            try await eventually { refusals.withLock { $0.count } == 10 * threadCount }
            #expect(refusals.withLock { $0.allSatisfy { $0 == "3" } })
            for task in asking { task.cancel() }
            for _ in occupied { held.signal() }
            for task in asking + occupied { _ = await task.result }
            #expect(refusals.withLock { $0.count } == 10 * threadCount)
        }
    }
}
