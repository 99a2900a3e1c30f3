import Contracts
import HubTesting
import Messaging
import Observability
import Postgres
import Testing

/// What is away for everybody is told once, and so is that it is back.
@Suite struct OutageTests {
    private static func lines(_ text: String, of hub: TestHub) -> [String] {
        hub.lines.lines.filter { $0.contains(text) }
    }

    @Test func `an unreadable log is one line for all partitions, whatever the number of attempts`() async throws {
        try await TestHub.with { hub in
            let handler = Handler(name: "write", on: UserRegistered.self) { try await TestHub.write($0, $1) }
            try await hub.running([hub.relay().run, hub.consuming([handler])]) {
                try await hub.register(TestHub.user(1))
                try await eventually { try await hub.count("ledger") == 1 }
                try await hub.test.database.execute("alter table event_log.record rename to away")
                // Each partition tries and fails, again and again.
                try await eventually { !Self.lines("partitions cannot be consumed yet", of: hub).isEmpty }
                let partition = #""partition":"#
                #expect(Self.lines("partitions cannot be consumed yet", of: hub).allSatisfy { $0.contains(partition) })
                try await hub.test.database.execute("alter table event_log.away rename to record")
                try await eventually("it is over before the next event") {
                    !Self.lines("the partitions are consumed again", of: hub).isEmpty
                }
                try await hub.register(TestHub.user(2))
                try await eventually { try await hub.count("ledger") == 2 }
            }
            #expect(Self.lines("partitions cannot be consumed yet", of: hub).count == 1)
        }
    }

    @Test func `a handler with a failed dependency is one line at the start and one at the end`() async throws {
        try await TestHub.with { hub in
            let isUp = Gate()
            let handler = Handler(name: "write", on: UserRegistered.self) { received, tx in
                if isUp.passed == 0 { throw Failure.dependencyDown("no connection is free") }
                try await TestHub.write(received, tx)
            }
            try await hub.running([hub.relay().run, hub.consuming([handler])]) {
                for number in 1...40 { try await hub.register(TestHub.user(number)) }
                try await eventually { !Self.lines("a dependency is down", of: hub).isEmpty }
                isUp.open()
                try await eventually(within: .seconds(30)) { try await hub.count("ledger") == 40 }
                try await eventually {
                    !Self.lines("the dependency works again, the partitions continue", of: hub).isEmpty
                }
            }
            let errors = hub.lines.lines.filter { $0.contains(#""level":"error""#) }
            #expect(errors.count == 1 && errors.first?.contains("no connection is free") == true, "\(errors)")
            #expect(Self.lines("the dependency works again, the partitions continue", of: hub).count == 1)
        }
    }

    @Test func `a relay that stands by is back with its session, not with its turn`() async throws {
        try await TestHub.with { hub in
            let lines = LogRecorder()
            let database = hub.test.connect(.init(applicationName: "stand-by", schema: "user"))
            let standby = Relay(
                outbox: Outbox(service: .user, codec: hub.codec), database: database, log: hub.log,
                loops: TestLoops.shared, logger: Logger(label: "stand-by", sink: lines), metrics: hub.metrics)
            func told(_ text: String) -> Bool { lines.lines.contains { $0.contains(text) } }
            let active = hub.relay()
            try await hub.running([active.run]) {
                try await eventually { active.isActive }
                try await hub.running([standby.run]) {
                    try await eventually("its session is lost") {
                        try await hub.test.database.execute(
                            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'stand-by'"
                        )
                        return told("a relay cannot publish events")
                    }
                    try await eventually("it stands by again") { told("the relays publish events again") }
                    #expect(active.isActive && !standby.isActive)
                }
            }
            await database.close()
        }
    }
}
