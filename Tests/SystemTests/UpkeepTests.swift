import Contracts
import HubTesting
import Postgres
import SystemTesting
import Testing

@testable import Platform
@testable import learning_hub

/// Periodic work in a running hub, and its database role.
@Suite struct UpkeepTests {
    /// A table that must not grow for ever, and an expired row of it.
    private static let forgotten: [(table: String, key: String, row: String)] = [
        (
            "idempotency_key", "digest",
            "(digest, fingerprint, claimed_at) values ('old', 'old', now() - interval '3 days')"
        ),
        (
            "inbox", "consumer_group",
            """
            (consumer_group, event_id, event_type, handlers, expires_at)
            values ('old', 'old', 'old', 'old', now() - interval '1 day')
            """
        ),
        (
            "dead_letter_resolution", "consumer_group",
            """
            (consumer_group, partition, "offset", resolution, batch_id, resolved_at)
            values ('old', 0, 0, 'discarded', 'old', now() - interval '400 days')
            """
        ),
        (
            "journal", "name",
            "(at, kind, name, correlation_id) values (now() - interval '400 days', 'request', 'old', 'old')"
        ),
        (
            "outbox_dead", "event_id",
            """
            (id, created_at, refused_at, reason, topic, key, event_id, headers, value)
            values (0, now(), now() - interval '400 days', 'old', 'old', 'old', 'old', '', '')
            """
        ),
    ]

    /// The tables that hold the old row still.
    private func filled(_ schema: String, _ database: Database) async throws -> [String] {
        var tables: [String] = []
        for (table, key, _) in Self.forgotten {
            let rows = try await database.query(
                "select from \(quoted: schema).\(quoted: table) where \(quoted: key) = 'old'")
            if !rows.isEmpty { tables.append(table) }
        }
        return tables
    }

    @Test func `every service of a running hub deletes expired data, and the log old records`() async throws {
        let services = HubServices.all.filter { $0.histories.contains(PlatformMigrations.service) }
            .map { $0.name.rawValue }
        #expect(services.count > 10)
        let hub = try await HubUnderTest.inOneProcess()
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        // Their first run would take what is put in here.
        for service in services {
            try await eventually(within: .seconds(60), "the jobs have run once") {
                try await database.query(
                    "select from \(quoted: service).task where kind like 'job forget%' and due_at <= now()"
                ).isEmpty
            }
        }
        for service in services {
            for (table, _, row) in Self.forgotten {
                try await database.execute("insert into \(quoted: service).\(quoted: table) \(SQL(raw: row))")
            }
            #expect(try await filled(service, database).count == Self.forgotten.count)
        }
        #expect(try await hub.client.register("ada@example.org").status == 201)
        try await eventually("an event is in the log") {
            try await !database.query("select from event_log.record").isEmpty
        }
        try await database.execute("update event_log.record set time = now() - interval '10 years'")
        // They are due again after their period.
        for service in services {
            try await database.execute(
                "update \(quoted: service).task set due_at = now() where kind like 'job forget%'")
        }
        await database.close()
        let folder = try await hub.kill()

        let again = try await HubUnderTest.inOneProcess(on: folder)
        let later = Database(url: again.databaseURL, loops: TestLoops.shared)
        try await eventually(within: .seconds(60), "all is forgotten") {
            var left: [String] = []
            for service in services { left += try await filled(service, later) }
            let old = try await later.query("select from event_log.record where time < now() - interval '1 year'")
            return left.isEmpty && old.isEmpty
        }
        await later.close()
        #expect(try await again.stop() == [0])
    }

    /// What the role may not, the service cannot; the login that made the tables could.
    @Test func `a service works with its own role, not with the one that owns the tables`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        try await database.execute(#"revoke insert on "user".account from hub_user"#)
        let refused = try await hub.client.register("ada@example.org")
        #expect(refused.status == 500)
        try await database.execute(#"grant insert on "user".account to hub_user"#)
        #expect(try await hub.client.register("ada@example.org").status == 201)
        await database.close()
        #expect(try await hub.stop() == [0])
    }
}
