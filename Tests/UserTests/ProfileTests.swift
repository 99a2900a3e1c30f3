import Contracts
import HTTP
import HubTesting
import ServiceTesting
import Observability
import Platform
import Postgres
import Testing

@testable import User

@Suite struct ProfileTests {
    @Test func `a person reads and changes their profile`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            #expect(try await users.send(.get, "/users/me", as: .person(id))["email"] == "ada@example.org")
            users.clock.advance(by: 60)
            let changed = try await users.send(
                .patch, "/users/me", as: .person(id), json: #"{"firstName": "Augusta", "timeZone": "Europe/London"}"#)
            #expect(changed.status == 200)
            #expect(
                [changed["firstName"], changed["timeZone"], changed["lastName"]] == [
                    "Augusta", "Europe/London", "Lovelace",
                ])
            #expect(changed["updatedAt"] == "2027-01-15T08:01:00.000Z")

            let event = try #require(try await users.published(UserUpdated.self).last)
            #expect(event.data.changedFields == ["firstName", "timeZone"])
            #expect(
                [event.data.firstName, event.data.email, event.data.plan] == ["Augusta", "ada@example.org", "FREE"])
        }
    }

    @Test func `a change without effect publishes nothing`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            for body in ["{}", #"{"firstName": "Ada"}"#, #"{"firstName": null}"#] {
                #expect(
                    try await users.send(.patch, "/users/me", as: .person(id), json: body).fields["etag"] == "\"1\"")
            }
            #expect(try await users.published(UserUpdated.self).isEmpty)
        }
    }

    @Test(arguments: [
        #"{"role": "ADMIN"}"#, #"{"plan": "PRO"}"#, #"{"id": "usr_1"}"#, #"{"email": "no"}"#, #"{"firstName": ""}"#,
    ])
    func `a change of a protected field is refused`(_ body: String) async throws {
        try await Users.with { users in
            let id = try await users.person()
            let answer = try await users.send(.patch, "/users/me", as: .person(id), json: body)
            #expect(answer.status == 422)
            #expect(answer.code == "invalid-body")
            #expect(try await users.published(UserUpdated.self).isEmpty)
        }
    }

    @Test func `an address can be changed unless another account has it`() async throws {
        try await Users.with { users in
            let ada = try await users.person("ada@example.org")
            _ = try await users.person("bob@example.org")
            let taken = try await users.send(
                .patch, "/users/me", as: .person(ada), json: #"{"email": "BOB@example.org"}"#)
            #expect(taken.status == 409)
            #expect(taken.code == "email-taken")
            let changed = try await users.send(
                .patch, "/users/me", as: .person(ada), json: #"{"email": "ADA@example.com"}"#)
            #expect(changed["email"] == "ADA@example.com")
            // The old one is free.
            #expect(try await users.register("ada@example.org").status == 201)
        }
    }

    @Test func `of two concurrent changes of one version, one is refused`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            let tag = try #require(try await users.send(.get, "/users/me", as: .person(id)).fields["etag"])
            func rename(_ name: String, _ tag: String) async throws -> TestAnswer {
                try await users.send(
                    .patch, "/users/me", as: .person(id), json: #"{"firstName": "\#(name)"}"#, fields: ["if-match": tag]
                )
            }
            async let first = rename("A", tag)
            async let second = rename("B", tag)
            let answers = try await [first, second].sorted { $0.status < $1.status }
            #expect(answers.map(\.status) == [200, 412])
            #expect(answers.last?.code == "changed-meanwhile")
            #expect(try await users.published(UserUpdated.self).count == 1)
            #expect(try await rename("C", "\"7\", \(answers[0].fields["etag"] ?? "")").status == 200)
            #expect(try await rename("D", "*").status == 200)
        }
    }

    @Test func `other people see only first name and role`() async throws {
        try await Users.with { users in
            let ada = try await users.person("ada@example.org"), bob = try await users.person("bob@example.org")
            let answer = try await users.send(.get, "/users/\(ada)", as: .person(bob))
            #expect(answer.object.keys.sorted() == ["firstName", "id", "role"])
            #expect(try await users.send(.get, "/users/usr_none", as: .person(bob)).status == 404)
            #expect(try await users.send(.get, "/users/crs_1", as: .person(bob)).status == 404)
        }
    }

    @Test func `an anonymous caller sees no profile`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            for target in ["/users/me", "/users/\(id)", "/users"] {
                let answer = try await users.send(.get, target)
                #expect(answer.status == 401)
                #expect(answer.code == "not-logged-in")
            }
        }
    }
}
