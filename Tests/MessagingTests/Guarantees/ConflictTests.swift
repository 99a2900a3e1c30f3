import Contracts
import HubTesting
import Messaging
import Observability
import Postgres
import Testing

/// Events of different partitions that change the same rows.
@Suite struct ConflictTests {
    @Test func `conflicting transactions run one by one after the first conflict`() async throws {
        try await TestHub.with { hub in
            try await hub.gamification.execute("create table seat (id int primary key, count int not null default 0)")
            try await hub.gamification.execute("insert into seat (id) values (1), (2)")
            let handler = Handler(name: "takeSeats", on: UserRegistered.self) { received, tx in
                let isEven = received.event.userID.rawValue.utf8.last.map { $0 % 2 == 0 } ?? false
                // The deadlock timeout of the server.
                _ = try await tx.query("select set_config('deadlock_timeout', '20ms', true)")
                for id in isEven ? [1, 2] : [2, 1] {
                    _ = try await tx.query(
                        "with taken as (update seat set count = count + 1 where id = \(id) returning id) select pg_sleep(0.002) from taken"
                    )
                }
            }
            let count = 240
            _ = await hub.log.append(
                try (0..<count).map { try hub.record(TestHub.user($0), eventID: Guarantee3Tests.event($0)) })
            var limits = ConsumerLimits()
            limits.batchCountMax = 1
            try await hub.running([hub.consuming([handler], limits: limits)]) {
                try await eventually(within: .seconds(60)) { try await hub.lag() == 0 }
            }
            let rows = try await hub.gamification.query("select count from seat")
            let taken = try rows.map { try $0.decode(Int.self) }
            #expect(taken == [count, count])
            let conflicts = hub.metrics.prometheusText().split(separator: "\n").first {
                $0.hasPrefix("consumer_conflicts_total")
            }.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
            // Those that ran when it began; without the rule, every fourth transaction has a conflict.
            #expect((1...8).contains(conflicts ?? 0), "\(conflicts ?? -1) conflicts")
        }
    }
}
