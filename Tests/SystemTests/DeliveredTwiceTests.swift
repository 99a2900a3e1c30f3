import Foundation
import HubTesting
import Postgres
import SystemTesting
import Testing

/// Every event is delivered twice, in both ways that occur with real processes, and must have no second effect.
@Suite(.serialized) struct DeliveredTwiceTests {
    private static let people = (0..<20).map { "person\($0)@example.com" }

    @Test func `events delivered twice take effect once`() async throws {
        let smtp = try await SMTPServer()
        let database = try await TestDatabase.make()
        let environment = ["DATABASE_URL": database.url, "SMTP_URL": smtp.url]
        let first = try await HubUnderTest.inOneProcess(environment)
        for person in Self.people { #expect(try await first.client.register(person).status == 201) }
        let probe = try await Probe(database.url)
        try await eventually(within: .seconds(60), "everyone has mail, and every group is at its end") {
            guard try await smtp.mailCount() == Self.people.count else { return false }
            return try await probe.isIdle()
        }
        let once = try await Effects(probe, smtp)
        #expect(once.ledgerRows == Self.people.count)

        // A relay that dies before its commit sends events again.
        try await probe.appendEverythingAgain()
        try await eventually(within: .seconds(60), "the groups have read all again") { try await probe.isIdle() }
        let twice = try await Effects(probe, smtp)
        #expect(twice == once)
        #expect(try await recognized(first) == once.deliveries)

        // A consumer that dies before its offset commit reads events again.
        #expect(try await first.stop() == [0])
        try await probe.forgetOffsets()
        let second = try await HubUnderTest.inOneProcess(environment)
        try await eventually(within: .seconds(60), "the groups have read all once more") { try await probe.isIdle() }
        let thrice = try await Effects(probe, smtp)
        #expect(thrice == once)
        #expect(try await recognized(second) == 2 * once.deliveries)

        // New events still have effects, so the consumers work.
        #expect(try await second.client.register("late@example.com").status == 201)
        try await eventually(within: .seconds(60), "the new person has mail") {
            try await smtp.mails(to: "late@example.com").count == 1
        }
        #expect(try await smtp.mailCount() == once.mails + 1)
        await probe.close()
        #expect(try await second.stop() == [0])
        await smtp.stop()
    }

    /// How many events the inboxes held back.
    private func recognized(_ hub: HubUnderTest) async throws -> Int {
        try await hub.counter("consumer_events_duplicate_total", of: "notification")
            + hub.counter("consumer_events_duplicate_total", of: "gamification")
    }
}

/// The effects of the registrations.
private struct Effects: Equatable {
    var mails: Int
    var notices: Int
    var ledgerRows: Int
    /// Events that handlers caused, each by its id.
    var caused: Int
    /// Events handled, each once for every group.
    var deliveries: Int

    init(_ probe: Probe, _ smtp: SMTPServer) async throws {
        mails = try await smtp.mailCount()
        notices = try await probe.count("select count(*) from notification.notice")
        ledgerRows = try await probe.count("select count(*) from gamification.points_award")
        caused = try await probe.count(
            """
            select count(distinct r.value) from event_log.record r join event_log.partition p using (partition_id)
            join event_log.topic t using (topic_id) where t.name in ('notification.email', 'points.awarded')
            """)
        deliveries = try await probe.count(
            "select (select count(*) from notification.inbox) + (select count(*) from gamification.inbox)")
    }
}

extension Probe {
    /// Whether the outboxes are empty, every group has committed all its events, and no notification waits for a person whose
    /// registration comes later, in one snapshot.
    fileprivate func isIdle() async throws -> Bool {
        try await count(
            """
            select (select count(*) from "user".outbox) + (select count(*) from notification.outbox)
                + (select count(*) from gamification.outbox)
                + (select count(*) from notification.delivery where finished_at is null)
                + (select count(*) from notification.waiting_notice)
                + (select count(*) from event_log.group_partition g join event_log.partition p using (partition_id)
                    where coalesce(g.committed, 0) < p.next_offset)
            """) == 0
    }

    fileprivate func appendEverythingAgain() async throws {
        _ = try await count(
            """
            with again as (
                select partition_id as id, row_number() over (partition by partition_id order by "offset") - 1 as place,
                    correlation_id, key, headers, value from event_log.record
            ), counted as (select id, count(*) as count from again group by id)
            select count(*) from event_log.append(
                (select array_agg(id order by id, place) from again), (select array_agg(place order by id, place) from again),
                (select array_agg(id order by id) from counted), (select array_agg(count order by id) from counted),
                '{}', '{}',
                (select array_agg(correlation_id order by id, place) from again),
                (select array_agg(key order by id, place) from again),
                (select array_agg(headers order by id, place) from again),
                (select array_agg(value order by id, place) from again), '{}', '{}')
            """)
    }

    fileprivate func forgetOffsets() async throws {
        _ = try await count(
            """
            with a as (update event_log.group_partition set committed = 0),
                b as (update notification.consumer_position set next_offset = 0),
                c as (update gamification.consumer_position set next_offset = 0)
            select 0
            """)
    }
}
