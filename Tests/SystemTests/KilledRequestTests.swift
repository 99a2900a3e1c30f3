import HTTP
import HubTesting
import Postgres
import SystemTesting
import Testing

/// A process that is killed in the middle of a request.
@Suite struct KilledRequestTests {
    /// Who inserts an account while there is a row in `held` waits for the test's lock.
    private static let hold = """
        create table public.held (is_held boolean);
        insert into public.held values (true);
        grant select on public.held to public;
        create function public.hold() returns trigger language plpgsql as $$ begin
            if exists (select from public.held) then perform pg_advisory_xact_lock(42); end if;
            return new;
        end $$;
        create trigger hold before insert on "user".account for each row execute function public.hold();
        """

    @Test func `a request whose process was killed half-way can be sent again under its key at once`() async throws {
        let test = try await TestDatabase.make()
        let environment = ["DATABASE_URL": test.url]
        let hub = try await HubUnderTest.inOneProcess(environment)
        let database = test.database
        try await database.transaction { tx in try await tx.runScript(Self.hold) }
        func waiting() async throws -> Int {
            try await database.query(
                "select count(*) from pg_locks where locktype = 'advisory' and objid = 42 and not granted"
            ).first?.decode(Int.self) ?? 0
        }
        // The lock is held until the end: the statement that waits for it never goes on.
        try await database.session { session in
            _ = try await session.query("select pg_advisory_lock(42)")
            async let lost = hub.client.register("ada@example.org", key: "k")
            try await eventually("the insert waits") { try await waiting() == 1 }
            let folder = try await hub.kill()
            _ = try? await lost
            try await database.execute("delete from public.held")

            let again = try await HubUnderTest.inOneProcess(environment, on: folder)
            let answer = try await again.client.register("ada@example.org", key: "k")
            #expect(answer.status == 201, "\(answer.text)")
            #expect(try await waiting() == 0)
            let accounts = try await database.query(#"select from "user".account where email = 'ada@example.org'"#)
            #expect(accounts.count == 1)
            #expect(try await again.stop() == [0])
        }
        try await test.drop()
    }
}
