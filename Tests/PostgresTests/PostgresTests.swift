internal import HubTesting
internal import Postgres
internal import Testing

@Suite struct `Queries` {
    @Test func `a statement returns its rows`() async throws {
        try await TestDatabase.with { test in
            let rows = try await test.database.query("select \(1), \("one") union all select \(2), \("two") order by 1")
            let pairs = try rows.map { try $0.decode(Int.self, String.self) }
            #expect(pairs.map(\.0) == [1, 2])
            #expect(pairs.map(\.1) == ["one", "two"])
        }
    }

    @Test func `a transaction commits, and one that throws leaves nothing`() async throws {
        struct Refused: Error {}
        try await TestDatabase.with { test in
            try await test.database.execute("create table t (n bigint primary key)")
            try await test.database.transaction { tx in
                try await tx.execute("insert into t values (\(1))")
                try await tx.execute("insert into t values (\(2))")
            }
            await #expect(throws: Refused.self) {
                try await test.database.transaction { tx in
                    try await tx.execute("insert into t values (\(3))")
                    throw Refused()
                }
            }
            #expect(try await test.database.query("select n from t order by n").map { try $0.get(0, as: Int.self) } == [1, 2])
        }
    }
}
