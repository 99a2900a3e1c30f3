import Contracts
import HTTP
import HubTesting
import Observability
import Platform
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import User

@Suite struct ErasureTests {
    @Test func `erasure keeps only the id, and publishes its event`() async throws {
        try await Users.with { users in
            let registered = try await users.register("ada@example.org", idempotencyKey: "k1")
            let id = try UserID(validating: registered["id"] ?? "")
            let answer = try await users.send(.delete, "/users/me", as: .person(id))
            #expect(answer.status == 202)
            let event = try #require(try await users.published(UserDeleted.self).first)
            #expect(event.data.userID == id)

            // Every column of every table, except the outbox, whose events expire with the log.
            let tables = try await users.database.query(
                """
                select table_name::text from information_schema.tables
                where table_schema = 'user' and table_name not in ('outbox', 'migration')
                """)
            #expect(tables.count > 4)
            for table in tables {
                let name = try table.decode(String.self)
                let rows = try await users.database.query("select to_jsonb(t)::text from \(quoted: name) t")
                for row in rows {
                    let text = try row.decode(String.self).lowercased()
                    for trace in ["\"ada\"", "lovelace", "example.org", "argon2"] {
                        #expect(!text.contains(trace), "\(name): \(text)")
                        // Bytes are written as hexadecimal digits.
                        let hex = trace.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                        #expect(!text.contains(hex), "\(name): \(text)")
                    }
                }
            }
            #expect(try await users.count("select count(*) from account") == 1)
            // The key opened an account, and opens no second one.
            #expect(try await users.register("ada@example.org", idempotencyKey: "k1").status == 404)
        }
    }

    @Test func `an erased person is visible only to services`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            let bob = try await users.person("bob@example.org")
            _ = try await users.send(.delete, "/users/me", as: .person(id))
            #expect(try await users.send(.get, "/users/me", as: .person(id)).status == 404)
            #expect(try await users.send(.patch, "/users/me", as: .person(id), json: "{}").status == 404)
            #expect(try await users.send(.delete, "/users/me", as: .person(id)).status == 404)
            #expect(try await users.send(.get, "/users/\(id)", as: .person(bob)).status == 404)
            let state = try await users.send(.get, "/internal/users/\(id)", as: .service(.auth))
            #expect([state["status"], state["userId"]] == ["ERASED", id.rawValue])
            #expect(try await users.published(UserDeleted.self).count == 1)
            await #expect(throws: UserError.wrongCredentials) {
                try await users.service.operations.verifyCredentials(email: "ada@example.org", password: Users.password)
            }
        }
    }

    @Test func `the address is free again`() async throws {
        try await Users.with { users in
            let first = try await users.person()
            _ = try await users.send(.delete, "/users/me", as: .person(first))
            let second = try await users.person()
            #expect(first != second)
        }
    }

    @Test func `concurrent erasures erase an account once`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            async let first = users.send(.delete, "/users/me", as: .person(id))
            async let second = users.send(.delete, "/users/me", as: .person(id))
            #expect(try await [first.status, second.status].sorted() == [202, 404])
            #expect(try await users.published(UserDeleted.self).count == 1)
        }
    }

    @Test func `the last administrator cannot be erased`() async throws {
        try await Users.with { users in
            let admin = try await users.admin()
            let answer = try await users.send(.delete, "/users/me", as: .person(admin, .admin))
            #expect(answer.status == 409)
            #expect(answer.code == "last-administrator")
            _ = try await users.admin("second@example.org")
            #expect(try await users.send(.delete, "/users/me", as: .person(admin, .admin)).status == 202)
        }
    }

    @Test func `the trace shows the erasure after every service has completed it`() async throws {
        let directory = ServiceDirectory()
        let clock = TestClock()
        let slow = Mutex<ServiceName?>(.certificate)
        let asked = Mutex<Set<String>>([])
        let others = UserDeleted.topic.consumers.map(\.service)
        try await Users.with(settings: Users.cheap, clock: clock, directory: directory) { users in
            let id = try UserID(validating: try await users.register("ada@example.com")["id"] ?? "")
            _ = try await users.send(.delete, "/users/me", as: .person(id))
            try await Neighbours.with(others, in: directory, clock: clock) { routes in
                routes.get("/internal/erasures/{id}", .service(.user)) { request in
                    _ = asked.withLock { $0.insert(request.http.pathParameters["id"] ?? "") }
                    // All neighbours share one address here, so a slow one delays all.
                    if slow.withLock({ $0 }) != nil { throw Problem.notFound }
                    return try .ok(["userId": id.rawValue])
                }
            } _: {
                for _ in 0..<30 {
                    try await users.runTasks()
                    clock.advance(by: 10)
                }
                #expect(try await users.count("select count(*) from journal where kind = 'effect'") == 0)
                slow.withLock { $0 = nil }
                try await users.runTasks()
                #expect(try await users.count("select count(*) from journal where kind = 'effect'") == 1)
                #expect(asked.withLock { $0 } == [id.rawValue])
                #expect(try await users.runTasks() == 0)
            }
        }
    }
}
