internal import Foundation
internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Bulk` {
    static let template = TestDatabase.Template(
        schema: "bulk",
        [
            MigrationHistory(
                component: "bulk",
                [
                    Migration(
                        id: "0001",
                        sql: "create table item (id bigint primary key, name text not null, at timestamptz, n int)")
                ])
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
