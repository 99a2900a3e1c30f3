import Postgres
import SystemTesting
import Testing

@Suite struct ReckoningTests {
    @Test func `the comparison fails for a missing event, inbox row, ledger row or mail`() async throws {
        try await HubUnderFault.endures("no fault", on: .postgres) { _ in
        } afterwards: { world in
            let losses: [(loss: SQL, discrepancies: Int)] = [
                ("delete from notification.mailbox where id = (select min(id) from notification.mailbox)", 1),
                ("delete from gamification.points_award where id = (select min(id) from gamification.points_award)", 3),
                ("delete from notification.inbox where event_id = (select min(event_id) from notification.inbox)", 4),
                (
                    "delete from event_log.record where correlation_id = (select min(correlation_id) from event_log.record)",
                    5
                ),
            ]
            for (loss, discrepanciesMin) in losses {
                try await world.database.execute(loss)
                #expect(try await world.reckoning().discrepancies.count >= discrepanciesMin, "\(loss)")
            }
        }
    }
}
