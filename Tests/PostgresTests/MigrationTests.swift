internal import Foundation
internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Migrations` {
    private static let first = Migration(id: "0001 one", sql: "create table one (n int); insert into one values (1)")
    private static let second = Migration(id: "0002 two", sql: "create table two (n int)")

    private static func one(_ migrations: Migration...) -> [MigrationHistory] { [.init(component: "a", migrations)] }

    private func refuses(_ histories: [MigrationHistory], on database: Database, saying word: String) async {
        let error = await #expect(throws: PostgresError.self) { try await database.migrate(histories, schema: "m") }
        #expect(error?.kind == .migration)
        #expect(error?.description.contains(word) == true, "\(error as Any)")
    }

    @Test func `each runs once, however many start at the same time`() async throws {
        try await TestDatabase.with { test in
            await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let database = test.connect()
                        try await database.migrate(Self.one(Self.first), schema: "m")
                        try await database.migrate(Self.one(Self.first, Self.second), schema: "m")
                        await database.close()
                    }
                }
                // Some are behind those that know both by then.
                while let result = await group.nextResult() {
                    if case .failure(let error) = result { #expect((error as? PostgresError)?.kind == .migration) }
                }
            }
            let once = try await test.database.query("select n from m.one").count
            let past = try await test.database.query("select id from m.migration order by position").map {
                try $0.get(0, as: String.self)
            }
            #expect(once == 1)
            #expect(past == ["0001 one", "0002 two"])
        }
    }

    @Test func `a changed migration is refused`() async throws {
        try await TestDatabase.with { test in
            let db = test.database
            try await db.migrate(Self.one(Self.first, Self.second), schema: "m")
            try await db.migrate(Self.one(Self.first, Self.second), schema: "m")
            await refuses(Self.one(Migration(id: "0001 one", sql: "select 1"), Self.second), on: db, saying: "changed")
            await refuses(Self.one(Self.second, Self.first), on: db, saying: "0001 one")
            await refuses(Self.one(Self.first), on: db, saying: "newer program: '0002 two'")
            await refuses(Self.one(Self.first, Self.first), on: db, saying: "same name")
        }
    }

    @Test func `a failed migration rolls back the earlier ones`() async throws {
        try await TestDatabase.with { test in
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.migrate(
                    Self.one(Self.first, Migration(id: "0002 bad", sql: "select 1/0")), schema: "m")
            }
            #expect(error?.sqlState == "22012")
            let schemas = try await test.database.query("select from pg_namespace where nspname = 'm'").count
            #expect(schemas == 0)
        }
    }

    private static let alter = Migration(id: "0003 alter", sql: "alter table one add column m int")

    @Test func `a migration that needs a table in use lets others pass, and runs later`() async throws {
        try await TestDatabase.with { test in
            try await test.database.migrate(Self.one(Self.first), schema: "m")
            let migrating = try await test.database.transaction { tx in
                _ = try await tx.query("select from m.one")
                let migrating = Task {
                    let limits = MigrationLimits(lockTimeout: .milliseconds(50), attemptsMax: .max, pause: .zero)
                    try await test.database.migrate(Self.one(Self.first, Self.alter), schema: "m", limits: limits)
                }
                try await eventually {
                    try await !test.database.query(
                        "select from pg_locks where mode = 'AccessExclusiveLock' and not granted"
                    )
                    .isEmpty
                }
                #expect(try await test.database.query("select from m.one").count == 1)
                return migrating
            }
            try await migrating.value
            #expect(try await test.database.query("select m from m.one").count == 1)
        }
    }

    @Test func `a migration that never gets its table fails and says what to do`() async throws {
        try await TestDatabase.with { test in
            try await test.database.migrate(Self.one(Self.first), schema: "m")
            try await test.database.transaction { tx in
                _ = try await tx.query("select from m.one")
                let error = await #expect(throws: PostgresError.self) {
                    let limits = MigrationLimits(lockTimeout: .milliseconds(20), attemptsMax: 3, pause: .zero)
                    try await test.database.migrate(Self.one(Self.first, Self.alter), schema: "m", limits: limits)
                }
                #expect(error?.kind == .migration)
                for word in ["0003 alter", "3 times", "pg_stat_activity"] {
                    #expect(error?.description.contains(word) == true, "\(error as Any)")
                }
            }
        }
    }

    // MARK: Several components

    private static let third = Migration(id: "0003 three", sql: "create table three (n int)")

    private func past(_ test: TestDatabase) async throws -> [String] {
        try await test.database.query("select component || ' ' || id from m.migration order by position").map {
            try $0.get(0, as: String.self)
        }
    }

    @Test func `each component's history grows at its own end`() async throws {
        try await TestDatabase.with { test in
            let a = MigrationHistory(component: "a", [Self.first]), b = MigrationHistory(component: "b", [Self.second])
            try await test.database.migrate([a, b], schema: "m")
            let more = MigrationHistory(component: "a", [Self.first, Self.third])
            try await test.database.migrate([more, b], schema: "m")
            #expect(try await past(test) == ["a 0001 one", "b 0002 two", "a 0003 three"])

            await refuses([a, b], on: test.database, saying: "newer program: '0003 three'")
            await refuses([more], on: test.database, saying: "newer program: '0002 two'")
            let moved = MigrationHistory(component: "b", [Self.first, Self.second])
            await refuses([.init(component: "a", []), moved], on: test.database, saying: "newer program")
        }
    }

    /// The migrations of programs with a single history per schema.
    private func migrateAsBefore(_ migrations: [Migration], on test: TestDatabase) async throws {
        try await test.database.transaction { tx in
            try await tx.runScript(
                """
                create schema m;
                set local search_path to m;
                create table migration (
                    position int primary key,
                    id text not null unique,
                    checksum bytea not null,
                    applied_at timestamptz not null default now()
                );
                """)
            for (index, migration) in migrations.enumerated() {
                try await tx.runScript(migration.sql)
                try await tx.execute(
                    """
                    insert into migration (position, id, checksum)
                    values (\(index + 1), \(migration.id), sha256(convert_to(\(migration.sql), 'UTF8')))
                    """)
            }
        }
    }

    @Test func `a single history of an older program is converted, also by concurrent starts`() async throws {
        try await TestDatabase.with { test in
            try await migrateAsBefore([Self.first, Self.second], on: test)
            let a = MigrationHistory(component: "a", [Self.first, Self.third])
            let b = MigrationHistory(component: "b", [Self.second])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let database = test.connect()
                        try await database.migrate([a, b], schema: "m")
                        await database.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await past(test) == ["a 0001 one", "b 0002 two", "a 0003 three"])
            #expect(try await test.database.query("select n from m.one").count == 1)
        }
    }

    @Test func `an unknown history of an older program is refused and not changed`() async throws {
        try await TestDatabase.with { test in
            try await migrateAsBefore([Self.first, Self.second], on: test)
            let a = MigrationHistory(component: "a", [Self.first]), b = MigrationHistory(component: "b", [Self.second])
            let changed = MigrationHistory(component: "b", [Migration(id: "0002 two", sql: "select 1")])
            await refuses([a, changed], on: test.database, saying: "'0002 two' of m was changed")
            await refuses([a], on: test.database, saying: "newer program: '0002 two'")
            await refuses(
                Self.one(Self.second, Self.first), on: test.database, saying: "'0001 one' where this program has")
            let columns = try await test.database.query(
                "select from information_schema.columns where table_schema = 'm' and table_name = 'migration'")
            #expect(columns.count == 4)
            try await test.database.migrate([a, b], schema: "m")
        }
    }
}
