import Contracts
import HubTesting
import Messaging
import Postgres
import Testing

/// What is kept for a while goes when its time has come, and nothing else does.
@Suite struct UpkeepTests {
    @Test func `expired data are deleted in several steps`() async throws {
        try await TestHub.with { hub in
            try await hub.gamification.execute(
                """
                insert into inbox (consumer_group, event_id, event_type, handlers, expires_at)
                select 'gamification', 'evt_' || n, 't', 'h', now() + (n - 24) * interval '1 hour' - interval '1 minute'
                from generate_series(0, 25) n
                """)
            try await hub.gamification.execute(
                """
                insert into journal (at, kind, name, correlation_id)
                select now() - interval '89 days 23 hours' - (n - 1) * interval '1 day', 'http', 'r', 'req_' || n
                from generate_series(1, 26) n
                """)
            // A day longer than the dead letter itself is kept.
            try await hub.gamification.execute(
                """
                insert into dead_letter_resolution (consumer_group, partition, "offset", resolution, batch_id, resolved_at)
                select 'gamification', 0, n, 'discarded', 'b', now() - interval '30 days 23 hours' - (n - 1) * interval '1 day'
                from generate_series(1, 26) n
                """)
            try await hub.user.execute(
                """
                insert into outbox_dead (id, created_at, refused_at, reason, topic, key, event_id, headers, value)
                select n, now(), now() - interval '29 days 23 hours' - (n - 1) * interval '1 day', 'r', 't', 'k', 'evt_' || n, '', ''
                from generate_series(1, 26) n
                """)
            try await MessagingUpkeep(of: .gamification, in: hub.gamification, stepCountMax: 10).forgetHandled()
            for table in ["inbox", "journal", "dead_letter_resolution"] { #expect(try await hub.count(table) == 1) }
            let refused = MessagingUpkeep(of: .user, in: hub.user, stepCountMax: 10)
            #expect(try await refused.forgetRefused() == 25)
            #expect(try await hub.count("outbox_dead", in: hub.user) == 1)
            #expect(try await hub.count("journal where correlation_id = 'req_1'") == 1)
            #expect(try await hub.count("dead_letter_resolution where \"offset\" = 1") == 1)
            #expect(try await hub.count("outbox_dead where id = 1", in: hub.user) == 1)
        }
    }
}
