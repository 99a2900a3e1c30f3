import Contracts
import Foundation
import HubTesting
@testable import Messaging
import Postgres
import Testing

/// What is kept for a while goes when its time has come, and nothing else does.
@Suite struct UpkeepTests {
    @Test func `a row of the inbox is kept longer than any copy of its event`() throws {
        let group = try #require(TopicCatalogue.groups.first)
        for topic in TopicCatalogue.all {
            let wanted = TopicSettings(topic)
            #expect(Inbox.lifetime(of: topic, group: group) >= wanted.retention + wanted.segmentMax + .seconds(3_600))
        }
    }

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

    private struct Unaccepted: Error {}

    @Test func `each topic's old records are one service's to remove`() {
        let services = ServiceName.all
        let kept = services.flatMap { service in
            TopicSettings.catalogue.map(\.name).filter { MessagingUpkeep.keeper(of: $0) == service }
        }
        #expect(kept.sorted() == TopicSettings.catalogue.map(\.name).sorted())
        #expect(MessagingUpkeep.keeper(of: "course.updated") == .course)
        #expect(MessagingUpkeep.keeper(of: "notification.email-sender.dlq") == .notification)
        #expect(MessagingUpkeep.keeper(of: "media.transcoder.redrive") == .media)
        #expect(MessagingUpkeep.keeper(of: "a topic of an earlier version") == .user)
    }

    @Test func `a service removes what is too old from its own topics, in steps, and nothing else`() async throws {
        try await TestHub.with { hub in
            var limits = PostgresLog.Limits()
            limits.retentionCountMax = 10
            let database = hub.test.connect(.init(schema: PostgresLog.schema))
            let log = PostgresLog(database: database, loops: TestLoops.shared, limits: limits, logger: hub.logger)
            let topics = [Topic.userRegistered.name, Topic.pointsAwarded.name]
            for topic in topics {
                let records = (0..<26).map { number in
                    NewRecord(topic: topic, partition: 0, key: "k", headers: [], value: [UInt8(number)])
                }
                for outcome in await log.append(records) {
                    guard case .accepted = outcome else { throw Unaccepted() }
                }
            }
            try await hub.test.database.execute(
                #"update event_log.record set time = now() - interval '400 days' where "offset" < 25"#)
            let upkeep = MessagingUpkeep(of: .user, in: hub.user)
            #expect(try await upkeep.forgetRecords(of: log, at: Date()) == 25)
            #expect(try await upkeep.forgetRecords(of: log, at: Date()) == 0)
            var left: [Int] = []
            for topic in topics { left.append(try await hub.records(of: topic).count) }
            #expect(left == [1, 26])
            await database.close()
        }
    }
}
