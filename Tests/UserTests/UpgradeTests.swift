import Contracts
import Foundation
import HubTesting
import Messaging
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import User

/// Databases of earlier programs.
@Suite struct UpgradeTests {
    /// A database with the schema as the program left it that kept one history for a schema.
    private static func withOldSchema(_ body: @escaping @Sendable (TestDatabase) async throws -> Void) async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/schema-with-one-history.sql")
        let script = try String(contentsOf: file, encoding: .utf8)
        try await TestDatabase.with(configuration: .init(schema: "user")) { test in
            try await test.database.transaction { try await $0.runScript(script) }
            try await body(test)
        }
    }

    @Test func `the schema of an earlier program is migrated and works`() async throws {
        try await Self.withOldSchema { test in
            try await test.database.migrate(UserService.histories, schema: "user")
            let users = try await Users(on: test.database, settings: Users.cheap)
            let operations = users.service.operations
            let ada = try await operations.verifyCredentials(email: "ada@example.org", password: Users.password)
            #expect(ada.id.rawValue == "usr_01m8hhzv70efjb7prvk5masx6y")
            #expect(try await users.accountCount() == 2)
            #expect(try await users.register("bob@example.org").code == "email-taken")
            #expect(try await users.register("eve@example.org").status == 201)
        }
    }

    @Test func `the migrations of each component are recognised and continued`() async throws {
        try await Self.withOldSchema { test in
            try await test.database.migrate(UserService.histories, schema: "user")
            let own = try await test.database.query(
                "select component, count(*) from migration group by component order by component"
            ).map { row in
                let (component, count) = try row.decode(String.self, Int.self)
                return "\(component) \(count)"
            }
            #expect(own == UserService.histories.map { "\($0.component) \($0.migrations.count)" })

            // A program with a single history finds known migrations, and then an unknown one.
            let ids = try await test.database.query("select id from migration order by position").map {
                try $0.decode(String.self)
            }
            let before = ["messaging-001-outbox", "platform-001-idempotency", "user-003-erase-kept-answers"]
            #expect([ids[0], ids[4], ids[7]] == before)

            let note = Migration(id: "messaging-999-note", sql: "create table note (n int)")
            try await test.database.migrate(UserService.histories.appending(note, to: "messaging"), schema: "user")
            #expect(try await test.database.query("select from note").isEmpty)
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.migrate(UserService.histories, schema: "user")
            }
            #expect(error?.message.contains("newer program: 'messaging-999-note'") == true, "\(error as Any)")
        }
    }
}

extension [MigrationHistory] {
    func appending(_ migration: Migration, to component: String) -> [MigrationHistory] {
        map { history in
            history.component == component
                ? MigrationHistory(component: component, history.migrations + [migration]) : history
        }
    }
}
