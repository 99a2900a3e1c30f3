internal import HubTesting
internal import Postgres
internal import Testing

@Suite struct `Deleting in steps` {
    /// Notes how many rows each statement removed.
    private static let template = TestDatabase.Template(
        schema: "steps",
        [
            MigrationHistory(
                component: "steps",
                [
                    Migration(
                        id: "001",
                        sql: """
                            create table item (id bigint primary key, is_old boolean not null);
                            create table step (removed bigint not null);
                            create function note() returns trigger language plpgsql as $$
                            begin
                                insert into steps.step select count(*) from gone;
                                return null;
                            end $$;
                            create trigger note after delete on item referencing old table as gone
                                for each statement execute function note();
                            """)
                ])
        ])

    private func fill(_ test: TestDatabase, old: Int) async throws {
        try await test.database.execute("insert into item select n, n <= \(old) from generate_series(1, \(old + 5)) n")
    }

    @Test(arguments: [(0, [0]), (9, [9]), (10, [10, 0]), (25, [10, 10, 5])])
    func `rows are deleted in steps, each in its own transaction`(_ old: Int, _ steps: [Int])
        async throws
    {
        try await TestDatabase.with(Self.template) { test in
            try await fill(test, old: old)
            #expect(try await test.database.delete(from: "item", where: "is_old", stepCountMax: 10) == old)
            let removed = try await test.database.query("select removed, xmin::text from step order by removed desc")
                .map { try $0.decode(Int.self, String.self) }
            #expect(removed.map(\.0) == steps)
            #expect(Set(removed.map(\.1)).count == steps.count)
            let left = try await test.database.query("select count(*) from item where not is_old")[0].decode(Int.self)
            #expect(left == 5)
        }
    }

    @Test func `a locked row is left for the next run`() async throws {
        try await TestDatabase.with(Self.template) { test in
            try await fill(test, old: 4)
            let count = try await test.database.transaction { tx in
                _ = try await tx.query("select from item where id = 1 for update")
                return try await test.database.delete(from: "item", where: "is_old", stepCountMax: 10)
            }
            #expect(count == 3)
            #expect(try await test.database.delete(from: "item", where: "is_old", stepCountMax: 10) == 1)
        }
    }
}
