import Contracts
import HTTP
import HubTesting
import ServiceTesting
import Observability
import Platform
import Postgres
import Testing

@testable import User

@Suite struct AdministrationTests {
    @Test func `an administrator changes a role`() async throws {
        try await Users.with { users in
            let admin = try await users.admin(), ada = try await users.person()
            let answer = try await users.send(
                .put, "/users/\(ada)/role", as: .person(admin, .admin), json: #"{"role": "INSTRUCTOR"}"#)
            #expect(answer.status == 200)
            #expect([answer["id"], answer["role"]] == [ada.rawValue, "INSTRUCTOR"])
            let event = try #require(try await users.published(UserUpdated.self).last)
            #expect(event.data.changedFields == ["role"])
            #expect(event.data.role == .instructor)
            let state = try await users.send(.get, "/internal/users/\(ada)", as: .service(.auth))
            #expect(
                [state["role"], state["status"], state["timeZone"], state["locale"]] == [
                    "INSTRUCTOR", "ACTIVE", "UTC", "en",
                ])
        }
    }

    @Test func `only administrators change roles`() async throws {
        try await Users.with { users in
            let ada = try await users.person()
            let target = "/users/\(ada)/role", body = #"{"role": "ADMIN"}"#
            for role in [Role.student, .instructor] {
                let answer = try await users.send(.put, target, as: .person(ada, role), json: body)
                #expect(answer.status == 403)
                #expect(try await users.send(.get, "/users", as: .person(ada, role)).status == 403)
            }
            #expect(try await users.send(.put, target, json: body).status == 401)
            #expect(try await users.send(.put, target, as: .service(.auth), json: body).status == 403)
        }
    }

    @Test func `a demoted administrator has no rights, whatever the token contains`() async throws {
        try await Users.with { users in
            let root = try await users.admin(), former = try await users.admin("former@example.org")
            let ada = try await users.person()
            let demotion = try await users.send(
                .put, "/users/\(former)/role", as: .person(root, .admin), json: #"{"role": "STUDENT"}"#)
            #expect(demotion.status == 200)
            try await users.expectNoAdministrator(former, target: ada)
        }
    }

    @Test func `an erased administrator has no rights`() async throws {
        try await Users.with { users in
            _ = try await users.admin()
            let gone = try await users.admin("gone@example.org"), ada = try await users.person()
            #expect(try await users.send(.delete, "/users/me", as: .person(gone, .admin)).status == 202)
            try await users.expectNoAdministrator(gone, target: ada)
        }
    }

    @Test func `a role is changed only in the version of If-Match`() async throws {
        try await Users.with { users in
            let admin = try await users.admin(), ada = try await users.person()
            func change(_ tag: String?, to role: String) async throws -> TestAnswer {
                try await users.send(
                    .put, "/users/\(ada)/role", as: .person(admin, .admin), json: #"{"role": "\#(role)"}"#,
                    fields: tag.map { ["if-match": $0] } ?? [:])
            }
            let stale = try await change("\"99\"", to: "INSTRUCTOR")
            #expect(stale.status == 412 && stale.code == "changed-meanwhile")
            let changed = try await change("\"1\"", to: "INSTRUCTOR")
            #expect(changed.status == 200 && changed.fields["etag"] == "\"2\"")
            #expect(try await change("*", to: "STUDENT").status == 200)
            #expect(try await change(nil, to: "INSTRUCTOR").status == 200)
        }
    }

    @Test func `unknown roles and unknown people are refused`() async throws {
        try await Users.with { users in
            let admin = try await users.admin()
            func change(_ id: String, _ body: String) async throws -> Int {
                try await users.send(.put, "/users/\(id)/role", as: .person(admin, .admin), json: body).status
            }
            #expect(try await change(admin.rawValue, #"{"role": "KING"}"#) == 422)
            #expect(try await change(admin.rawValue, "{}") == 422)
            #expect(try await change("usr_none", #"{"role": "STUDENT"}"#) == 404)
        }
    }

    @Test func `the last administrator keeps the role`() async throws {
        try await Users.with { users in
            let admin = try await users.admin()
            let answer = try await users.send(
                .put, "/users/\(admin)/role", as: .person(admin, .admin), json: #"{"role": "STUDENT"}"#)
            #expect(answer.status == 409)
            #expect(answer.code == "last-administrator")
            #expect(try await users.published(UserUpdated.self).isEmpty)
        }
    }

    @Test(arguments: 0..<5)
    func `of two administrators who demote each other concurrently one remains`(_ round: Int) async throws {
        try await Users.with { users in
            let one = try await users.admin("one@example.org"), other = try await users.admin("other@example.org")
            async let first = users.send(
                .put, "/users/\(other)/role", as: .person(one, .admin), json: #"{"role": "STUDENT"}"#)
            async let second = users.send(
                .put, "/users/\(one)/role", as: .person(other, .admin), json: #"{"role": "STUDENT"}"#)
            #expect(try await [first.status, second.status].sorted() == [200, 403])
            #expect(try await users.count("select count(*) from account where role = 'ADMIN'") == 1)
        }
    }

    @Test func `the list is read page by page, newest first`() async throws {
        try await Users.with { users in
            let admin = try await users.admin()
            for number in 0..<5 {
                users.clock.advance(by: 1)
                _ = try await users.person("p\(number)@example.org")
            }
            var seen: [String] = [], target = "/users?limit=2"
            while true {
                let answer = try await users.send(.get, target, as: .person(admin, .admin))
                seen += answer.items.compactMap { $0["email"] as? String }
                guard let next = answer["nextCursor"] else { break }
                target = "/users?limit=2&cursor=\(next)"
            }
            #expect(
                seen == [
                    "p4@example.org", "p3@example.org", "p2@example.org", "p1@example.org", "p0@example.org",
                    "root@example.org",
                ])
            #expect(try await users.send(.get, "/users?cursor=no", as: .person(admin, .admin)).status == 422)
            #expect(try await users.send(.get, "/users?limit=0", as: .person(admin, .admin)).status == 422)
        }
    }

    @Test func `a page links to the next one, with the same search`() async throws {
        try await Users.with { users in
            let admin = try await users.admin()
            for number in 0..<3 {
                users.clock.advance(by: 1)
                _ = try await users.person("p\(number)@example.org")
            }
            let search = "/users?query=%40EXAMPLE.org&role=STUDENT"
            let first = try await users.send(.get, "\(search)&limit=2", as: .person(admin, .admin))
            let cursor = try #require(first["nextCursor"])
            let target = "\(search)&limit=2&cursor=\(cursor)"
            #expect(first.fields["link"] == "<\(target)>; rel=\"next\"")
            let last = try await users.send(.get, target, as: .person(admin, .admin))
            #expect(last.items.count == 1 && last.fields["link"] == nil)
        }
    }

    @Test func `a search finds parts of addresses and names, and takes wildcards literally`() async throws {
        try await Users.with { users in
            let admin = try await users.admin()
            _ = try await users.person("ada_1@example.org")
            _ = try await users.person("adax1@example.org")
            func found(_ query: String) async throws -> [String] {
                try await users.send(.get, "/users?\(query)", as: .person(admin, .admin)).items
                    .compactMap { $0["email"] as? String }.sorted()
            }
            #expect(try await found("query=LOVELACE") == ["ada_1@example.org", "adax1@example.org"])
            #expect(try await found("query=ada_1") == ["ada_1@example.org"])
            #expect(try await found("query=%25") == [])
            #expect(try await found("query=a%5C") == [])
            #expect(try await found("role=ADMIN") == ["root@example.org"])
            #expect(try await found("query=x1&role=STUDENT") == ["adax1@example.org"])
            #expect(try await users.send(.get, "/users?role=KING", as: .person(admin, .admin)).status == 422)
        }
    }
}

extension Users {
    /// Both routes of administrators refuse `person`, whose token still contains ADMIN.
    fileprivate func expectNoAdministrator(_ person: UserID, target: UserID) async throws {
        let list = try await send(.get, "/users", as: .person(person, .admin))
        #expect(list.status == 403 && list.code == "not-allowed")
        let change = try await send(
            .put, "/users/\(target)/role", as: .person(person, .admin), json: #"{"role": "ADMIN"}"#)
        #expect(change.status == 403 && change.code == "not-allowed")
        #expect(try await count("select count(*) from account where role = 'ADMIN'") == 1)
    }
}

@Suite struct FirstAdminTests {
    private static let settings = Users.cheap.merging(
        ["HUB_ADMIN_EMAIL": "root@example.org", "HUB_ADMIN_PASSWORD": Users.password]
    ) { $1 }

    @Test func `the administrator of the settings is created once, for any number of processes`() async throws {
        try await TestDatabase.with(Users.template) { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { _ = try await Users(on: test.database, settings: Self.settings) } }
                try await group.waitForAll()
            }
            let users = try await Users(on: test.database, settings: Self.settings)
            #expect(try await users.accountCount() == 1)
            #expect(try await users.published(UserRegistered.self).map(\.data.role) == [.admin])
            let known = try await users.service.operations.verifyCredentials(
                email: "root@example.org", password: Users.password)
            #expect(known.role == .admin)
        }
    }

    @Test func `an existing account with that address is not promoted`() async throws {
        try await TestDatabase.with(Users.template) { test in
            let before = try await Users(on: test.database, settings: Users.cheap)
            _ = try await before.person("root@example.org")
            let users = try await Users(on: test.database, settings: Self.settings)
            #expect(try await users.count("select count(*) from account where role = 'ADMIN'") == 0)
            #expect(users.log.lines.contains { $0.contains("an account with the address exists") })
        }
    }

    @Test func `an invalid administrator password stops the start with a reason`() async throws {
        try await TestDatabase.with(Users.template) { test in
            let settings = Self.settings.merging(["HUB_ADMIN_PASSWORD": "password1234"]) { $1 }
            await #expect(
                throws: UserError.unacceptable(
                    field: "HUB_ADMIN_PASSWORD", message: Guesswork.isKnown.message)
            ) {
                try await Users(on: test.database, settings: settings)
            }
        }
    }
}
