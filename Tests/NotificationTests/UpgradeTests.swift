import Contracts
import Foundation
import HTTP
import HubTesting
import Mail
@testable import Messaging
@testable import Notification
@testable import Platform
import Postgres
import ServiceTesting
import Testing

/// What a hub finds that ran before mails were tasks.
@Suite struct UpgradeTests {
    private static let before = TestDatabase.Template(
        schema: NotificationService.name.rawValue,
        [
            MessagingMigrations.service, PlatformMigrations.service,
            MigrationHistory(
                component: NotificationService.name.rawValue,
                Array(Migrations.all.prefix { $0.id != "notification-007-mails-as-tasks" })),
        ])

    @Test func `after an upgrade waiting and failed mails can be sent, and no other is sent again`() async throws {
        let server = try await SMTPServer()
        try await TestDatabase.with(Self.before) { test in
            let ids = ["waiting", "sending", "sent", "failed"].map { (state: $0, id: EventID.new) }
            for (state, id) in ids {
                try await test.database.execute(
                    """
                    insert into delivery (event_id, user_id, state, due_at, recipient, subject, kind, facts, correlation_id,
                        traceparent, created_at, finished_at)
                    values (\(id.rawValue), 'usr_1', \(state), now(), \(state) || '@example.org', 'Welcome', 'welcome', '{}',
                        'req_1', '', now(), case when \(state) in ('sent', 'failed') then now() end)
                    """)
            }
            try await test.database.migrate(
                NotificationService.histories, schema: NotificationService.name.rawValue)
            let hub = try await NotificationHub(
                on: test.database, settings: ["SMTP_URL": server.url], clock: TestClock(Date(), goesOn: true))
            try await hub.sending {
                try await eventually { try await hub.deliveryCount(.sent) == 3 }
                let resent = try await hub.mails.resendAllFailed()
                #expect(resent.done == ids.filter { $0.state == "failed" }.map(\.id))
                try await eventually { try await hub.deliveryCount(.sent) == 4 }
            }
            let addresses = try await server.mails().map(\.toAddress).sorted()
            #expect(addresses == ["failed@example.org", "sending@example.org", "waiting@example.org"])
            await hub.context.http.close()
        }
        await server.stop()
    }
}
