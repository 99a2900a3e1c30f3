import Contracts
import Foundation
import HTTP
import ServiceTesting
import Observability
import Platform
import Postgres
import Testing

@testable import User

@Suite struct RegistrationTests {
    @Test func `a registration publishes its event`() async throws {
        try await Users.with { users in
            let answer = try await users.send(
                .post, "/auth/register",
                json: """
                    {"email": " Ada@Example.org ", "password": "correct horse battery staple", "firstName": "Ada",
                     "lastName": "Lovelace", "timeZone": "Europe/London", "locale": "en-GB"}
                    """)
            #expect(answer.status == 201)
            let id = try #require(answer["id"])
            #expect(answer.fields["location"] == "/users/\(id)")
            #expect(answer["email"] == "Ada@Example.org")
            #expect(
                [answer["firstName"], answer["lastName"], answer["role"], answer["plan"]] == [
                    "Ada", "Lovelace", "STUDENT", "FREE",
                ])
            #expect(answer["createdAt"] == "2027-01-15T08:00:00.000Z")
            #expect(!answer.text.contains("horse") && !answer.text.contains("argon2"))

            let event = try #require(try await users.published(UserRegistered.self).first)
            #expect(event.data.userID.rawValue == id)
            #expect(event.data.email == "Ada@Example.org")
            #expect(event.data.role == .student)
            #expect(event.metadata.source == "user-service")
        }
    }

    @Test func `of fifty concurrent registrations of one address exactly one succeeds`() async throws {
        try await Users.with { users in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<50 {
                    let email = number.isMultiple(of: 2) ? "Ada@example.org" : "ada@EXAMPLE.org"
                    group.addTask { try await registerOnceThereIsRoom(email, at: users) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 201 }.count == 1)
            #expect(statuses.filter { $0 == 409 }.count == 49)
            #expect(try await users.accountCount() == 1)
            #expect(try await users.published(UserRegistered.self).count == 1)
        }
    }

    /// Retries while the service is too busy, like clients.
    private func registerOnceThereIsRoom(_ email: String, at users: Users) async throws -> Int {
        while true {
            let status = try await users.register(email).status
            if status != 503 { return status }
        }
    }

    @Test func `a taken address is a conflict`() async throws {
        try await Users.with { users in
            _ = try await users.person("ada@example.org")
            let answer = try await users.register("ADA@example.org")
            #expect(answer.status == 409)
            #expect(answer.code == "email-taken")
            #expect(try await users.published(UserRegistered.self).count == 1)
        }
    }

    @Test func `all errors are reported at once`() async throws {
        try await Users.with { users in
            let answer = try await users.send(
                .post, "/auth/register",
                json: """
                    {"email": "no", "password": "short", "firstName": "", "timeZone": "+1", "locale": "e", "role": "ADMIN"}
                    """)
            #expect(answer.status == 422)
            #expect(answer.code == "invalid-body")
            #expect(
                answer.complaints == ["email", "firstName", "lastName", "locale", "password", "role", "timeZone"])
            #expect(try await users.accountCount() == 0)
        }
    }

    @Test func `the address is refused as a password`() async throws {
        try await Users.with { users in
            let answer = try await users.register("ada@example.org", password: "ADA@example.org")
            #expect(answer.status == 422)
            #expect(answer.complaints == ["password"])
        }
    }

    @Test func `blanks at the ends of a password are part of it`() async throws {
        try await Users.with { users in
            #expect(try await users.register("ada@example.org", password: " secret passage ").status == 201)
            let operations = users.service.operations
            _ = try await operations.verifyCredentials(email: "ada@example.org", password: " secret passage ")
            await #expect(throws: UserError.wrongCredentials) {
                try await operations.verifyCredentials(email: "ada@example.org", password: "secret passage")
            }
        }
    }

    @Test func `a corrected registration can use the same key`() async throws {
        try await Users.with { users in
            let short = try await users.register("ada@example.org", password: "short", idempotencyKey: "k1")
            #expect(short.code == "invalid-body")
            #expect(try await users.register("ada@example.org", idempotencyKey: "k1").status == 201)
        }
    }

    @Test func `the same request sent twice with one key creates one account`() async throws {
        try await Users.with { users in
            let first = try await users.register("ada@example.org", idempotencyKey: "k1")
            let second = try await users.register("ada@example.org", idempotencyKey: "k1")
            #expect(first.status == 201 && second.status == 201)
            #expect(first["id"] == second["id"])
            #expect(try await users.register("bob@example.org", idempotencyKey: "k1").status == 422)
            #expect(try await users.published(UserRegistered.self).count == 1)
        }
    }

    @Test func `a registration without the gateway is refused`() async throws {
        try await Users.with { users in
            let answer = try await users.send(.post, "/auth/register", as: nil, json: "{}")
            #expect(answer.status == 401)
        }
    }

    @Test func `the password is stored only as an argon2id hash`() async throws {
        try await Users.with { users in
            _ = try await users.person()
            let row = try await users.database.query("select password_hash, to_jsonb(account)::text from account").first
            let (hash, whole) = try #require(row).decode(String.self, String.self)
            #expect(hash.hasPrefix("$argon2id$v=19$"))
            #expect(!whole.contains("horse"))
        }
    }
}
