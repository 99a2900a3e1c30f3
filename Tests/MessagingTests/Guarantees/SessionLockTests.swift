import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Postgres
import Testing

/// What the holders of long-lived locks keep on the server: the lock, and nothing that others wait for.
@Suite struct SessionLockTests {
    /// Starts a relay under a name of its own beside `body`, with an outbox of its own as another process would have it.
    private func relaying(_ hub: TestHub, as name: String, _ body: (Relay) async throws -> Void) async throws {
        let database = hub.test.connect(.init(applicationName: name, schema: "user"))
        let relay = Relay(
            outbox: Outbox(service: .user, codec: hub.codec), database: database, log: hub.log,
            loops: TestLoops.shared, logger: hub.logger, metrics: hub.metrics)
        try await hub.running([relay.run]) { try await body(relay) }
        await database.close()
    }

    /// How many connections of that name there are whose statement, running or last, has `text` in it, and which `condition`.
    private func connections(
        _ hub: TestHub, named name: String, saying text: String = "", which condition: SQL = "true"
    ) async throws -> Int {
        let rows = try await hub.test.database.query(
            """
            select count(*) from pg_stat_activity
            where application_name = \(name) and position(\(text) in query) > 0 and \(condition)
            """)
        return try rows[0].decode(Int.self)
    }

    @Test func `a relay that stands by holds no snapshot`() async throws {
        try await TestHub.with { hub in
            try await relaying(hub, as: "active") { active in
                try await eventually { active.isActive }
                try await relaying(hub, as: "stand-by") { standby in
                    try await eventually { try await connections(hub, named: "stand-by", saying: "advisory") > 0 }
                    // Well within the ten seconds that a statement may take.
                    try await eventually(within: .seconds(5)) {
                        let asked = try await connections(
                            hub, named: "stand-by", saying: "advisory", which: "state = 'idle'")
                        let busy = try await connections(hub, named: "stand-by", which: "xact_start is not null")
                        return asked > 0 && busy == 0
                    }
                    #expect(active.isActive && !standby.isActive)
                }
            }
        }
    }

    @Test func `an active relay lets a migration of its outbox through, and goes on`() async throws {
        try await TestHub.with { hub in
            try await relaying(hub, as: "active") { active in
                try await eventually { active.isActive }
                try await hub.register(TestHub.user(1))
                try await eventually { try await hub.records(of: "user.registered").count == 1 }
                let owner = hub.test.connect(.init(statementTimeout: .seconds(5), schema: "user"))
                try await owner.execute("alter table outbox add column remark text")
                await owner.close()
                try await hub.register(TestHub.user(2))
                try await eventually { try await hub.records(of: "user.registered").count == 2 }
                #expect(active.isActive)
            }
        }
    }

    @Test func `a log that is alive holds no snapshot`() async throws {
        try await TestHub.with { hub in
            let database = hub.test.connect(.init(applicationName: "living log", schema: PostgresLog.schema))
            let log = PostgresLog(database: database, loops: TestLoops.shared, logger: hub.logger)
            try await eventually { try await connections(hub, named: "living log", saying: "advisory") > 0 }
            try await eventually {
                try await connections(hub, named: "living log", which: "xact_start is not null") == 0
            }
            await log.close()
            await database.close()
        }
    }
}
