import HubTesting
import Messaging
import Observability
import Postgres
import Testing

@Suite struct OutboxBacklogTests {
    @Test func `waiting events are shown with their age, and an outage does not show zero`() async throws {
        try await TestHub.with { hub in
            let metrics = Metrics(process: false)
            let backlog = OutboxBacklog(metrics, of: hub.user)
            try await backlog.measure()
            #expect(metrics.prometheusText().contains("outbox_events_waiting 0.0\n"))
            #expect(metrics.prometheusText().contains("outbox_oldest_seconds 0.0\n"))
            try await hub.register(TestHub.user(1))
            try await hub.register(TestHub.user(2))
            try await hub.user.execute("update outbox set created_at = created_at - interval '90 seconds'")
            try await backlog.measure()
            #expect(metrics.prometheusText().contains("outbox_events_waiting 2.0\n"))
            let age = metrics.gauge("outbox_oldest_seconds", help: "").value
            #expect((90..<120).contains(age), "\(age)")
            try await hub.user.execute("alter table outbox rename to away")
            await #expect(throws: (any Error).self) { try await backlog.measure() }
            #expect(metrics.prometheusText().contains("outbox_events_waiting NaN\n"))
        }
    }
}
