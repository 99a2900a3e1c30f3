internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Checks` {
    @Test func `a read-only server fails the check after a refused write, until a write succeeds`()
        async throws
    {
        try await TestDatabase.with { test in
            try await test.database.execute("create table t (n bigint)")
            try await test.database.execute(
                "alter database \(quoted: test.name) set default_transaction_read_only = on")
            let other = test.connect()
            try await other.check()
            let refused = await #expect(throws: PostgresError.self) {
                try await other.execute("insert into t values (1)")
            }
            #expect(refused?.sqlState == "25006")
            #expect(refused?.isInability == true)
            for _ in 0..<3 {
                let failure = await #expect(throws: PostgresError.self) { try await other.check() }
                #expect(failure?.sqlState == "25006")
            }
            try await test.database.execute(
                "alter database \(quoted: test.name) set default_transaction_read_only = off")
            try await test.terminateOthers()
            try await eventually { (try? await other.check()) != nil }
            try await other.execute("insert into t values (1)")
            await other.close()
        }
    }

    @Test func `a check leaves no data, and an invalid statement does not change its result`() async throws {
        try await TestDatabase.with { test in
            await #expect(throws: PostgresError.self) { try await test.database.query("select 1 / 0") }
            try await test.database.check()
            let left = try await test.database.query("select from pg_class where relname = 'room_check'")
            #expect(left.isEmpty)
        }
    }
}
