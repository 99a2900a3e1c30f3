internal import Foundation
internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Bulk` {
    static let template = TestDatabase.Template(
        schema: "bulk",
        [
            Migration(
                id: "0001", sql: "create table item (id bigint primary key, name text not null, at timestamptz, n int)")
        ])

    struct Refused: Error {}

    @discardableResult
    private func insert(_ range: Range<Int>, on tx: Transaction) async throws -> Int {
        try await tx.copyIn(into: "bulk.item", columns: ["id", "name", "at", "n"], range) { number, row in
            row.write(number)
            row.write("name \(number), \"quoted\"\t\n\\N")
            row.write(number % 2 == 0 ? Date(timeIntervalSince1970: Double(number)) : nil)
            row.write(Int32(number))
        }
    }

    @Test func `a hundred thousand rows go in and out`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let copied = try await test.database.transaction { tx in
                try await tx.execute("insert into item values (-1, 'before')")
                let copied = try await insert(0..<100_000, on: tx)
                try await tx.execute("insert into item values (-2, 'after')")
                return copied
            }
            #expect(copied == 100_000)
            let row = try await test.database.query("select count(*), count(at), sum(n) from item").first
            let (count, times, sum) = try #require(row).decode(Int.self, Int.self, Int.self)
            #expect(count == 100_002 && times == 50_000 && sum == 4_999_950_000)
            let out = try await test.database.transaction { tx in
                var lines = 0
                try await tx.copyOut(query: "select id, n from bulk.item where id >= 0") {
                    lines += $0.count { $0 == UInt8(ascii: "\n") }
                }
                return (lines, try await tx.query("select 1").count)
            }
            #expect(out == (100_000, 1))
        }
    }

    @Test func `a copy that fails leaves nothing, and the connection works`() async throws {
        try await TestDatabase.with(Self.template, configuration: .init(connectionsPerLoop: 2)) { test in
            let duplicate = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    try await tx.execute("insert into item values (5, 'five')")
                    _ = try await insert(0..<1_000, on: tx)
                }
            }
            #expect(duplicate?.isUniqueViolation == true)
            let missing = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    _ = try await tx.copyIn(into: "nowhere", columns: ["id"], [1]) { $1.write($0) }
                }
            }
            #expect(missing?.sqlState == "42P01")
            let short = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { tx in
                    _ = try await tx.copyIn(into: "item", columns: ["id", "name"], [1]) { $1.write($0) }
                }
            }
            #expect(short?.kind == .encoding)
            await #expect(throws: Refused.self) {
                try await test.database.transaction { tx in
                    try await insert(0..<10, on: tx)
                    try await tx.copyOut(query: "select * from generate_series(1, 1000000)") { _ in throw Refused() }
                }
            }
            for number in 0..<10 {
                let back = try await test.database.transaction {
                    try await $0.query("select \(number)").first?.get(0, as: Int.self)
                }
                #expect(back == number)
            }
            let count = try await test.count("item")
            #expect(count == 0)
        }
    }

    @Test func `a script with a mistake says which, and runs nothing`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { try await $0.runScript("create table a (n int); create tabel b") }
            }
            #expect(error?.sqlState == "42601")
            let tables = try await test.database.query("select from pg_tables where tablename = 'a'").count
            #expect(tables == 0)
        }
    }
}

@Suite(.timeLimit(.minutes(3))) struct `Migrations` {
    private static let first = Migration(id: "0001 one", sql: "create table one (n int); insert into one values (1)")
    private static let second = Migration(id: "0002 two", sql: "create table two (n int)")

    private func refuses(_ migrations: [Migration], on database: Database, saying word: String) async {
        let error = await #expect(throws: PostgresError.self) { try await database.migrate(migrations, schema: "m") }
        #expect(error?.kind == .migration)
        #expect(error?.description.contains(word) == true, "\(error as Any)")
    }

    @Test func `each runs once, however many start at the same time`() async throws {
        try await TestDatabase.with { test in
            await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let database = test.connect()
                        try await database.migrate([Self.first], schema: "m")
                        try await database.migrate([Self.first, Self.second], schema: "m")
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

    @Test func `history is not rewritten`() async throws {
        try await TestDatabase.with { test in
            let db = test.database
            try await db.migrate([Self.first, Self.second], schema: "m")
            try await db.migrate([Self.first, Self.second], schema: "m")
            await refuses([Migration(id: "0001 one", sql: "select 1"), Self.second], on: db, saying: "changed")
            await refuses([Self.second, Self.first], on: db, saying: "0001 one")
            await refuses([Self.first], on: db, saying: "unknown")
            await refuses([Self.first, Self.first], on: db, saying: "same id")
        }
    }

    @Test func `one that fails undoes those before it`() async throws {
        try await TestDatabase.with { test in
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.migrate(
                    [Self.first, Migration(id: "0002 bad", sql: "select 1/0")], schema: "m")
            }
            #expect(error?.sqlState == "22012")
            let schemas = try await test.database.query("select from pg_namespace where nspname = 'm'").count
            #expect(schemas == 0)
        }
    }

    private static let alter = Migration(id: "0003 alter", sql: "alter table one add column m int")

    @Test func `one that finds a table in use lets others pass, and runs once it is free`() async throws {
        try await TestDatabase.with { test in
            try await test.database.migrate([Self.first], schema: "m")
            let migrating = try await test.database.transaction { tx in
                _ = try await tx.query("select from m.one")
                let migrating = Task {
                    let limits = MigrationLimits(lockTimeout: .milliseconds(50), attemptsMax: .max, pause: .zero)
                    try await test.database.migrate([Self.first, Self.alter], schema: "m", limits: limits)
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

    @Test func `one that finds a table in use again and again is given up, and says what to do`() async throws {
        try await TestDatabase.with { test in
            try await test.database.migrate([Self.first], schema: "m")
            try await test.database.transaction { tx in
                _ = try await tx.query("select from m.one")
                let error = await #expect(throws: PostgresError.self) {
                    let limits = MigrationLimits(lockTimeout: .milliseconds(20), attemptsMax: 3, pause: .zero)
                    try await test.database.migrate([Self.first, Self.alter], schema: "m", limits: limits)
                }
                #expect(error?.kind == .migration)
                for word in ["0003 alter", "3 times", "pg_stat_activity"] {
                    #expect(error?.description.contains(word) == true, "\(error as Any)")
                }
            }
        }
    }
}
