internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Scripts` {
    @Test func `a script runs among the statements of its transaction`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2)) { test in
            for number in 0..<3 {
                let count = try await test.database.transaction { tx in
                    try await tx.execute("create table if not exists t (n bigint)")
                    try await tx.runScript("insert into t values (1); insert into t values (2);")
                    try await tx.execute("insert into t values (\(number))")
                    return try await tx.query("select count(*) from t").first?.get(0, as: Int.self)
                }
                #expect(count == (number + 1) * 3)
            }
        }
    }

    @Test func `a script with a mistake says which, and runs nothing`() async throws {
        try await TestDatabase.with(configuration: .init(connectionsPerLoop: 2)) { test in
            let error = await #expect(throws: PostgresError.self) {
                try await test.database.transaction { try await $0.runScript("create table a (n int); create tabel b") }
            }
            #expect(error?.sqlState == "42601")
            let tables = try await test.database.query("select from pg_tables where tablename = 'a'").count
            #expect(tables == 0)
        }
    }
}
