import Contracts
import Foundation
import HubTesting
@testable import Notification
import Postgres
import ServiceTesting
import Testing

/// What an operator sees of mails, and does about them.
@Suite struct MailsTests {
    /// A mail its server refused for good.
    private func failed(
        _ hub: NotificationHub, _ server: SMTPServer, user: UserID = .new
    ) async throws -> EventID {
        let event = EventID.new
        try await server.answer(.refuse(code: 550, text: "5.1.1 no such user", stage: .rcpt))
        try await hub.post(NotificationHub.mail(user: user), event)
        let other = try await hub.another(try #require(hub.operations.sender).transport)
        try await hub.sending(other) { try await eventually { try await hub.delivery(event)?.state == "failed" } }
        try await server.answer(.accept)
        return event
    }

    @Test func `a failed mail is sent again under its id only on request`() async throws {
        try await NotificationHub.withServer { hub, server in
            let event = try await failed(hub, server)
            let mail = try #require(try await hub.mails.list(.failed, countMax: 10).first)
            #expect(mail.id == event && mail.code == 550 && mail.reason == "RCPT TO answered 550 5.1.1")
            #expect(mail.maskedAddress == "a…@example.org" && mail.address == "ada@example.org")
            #expect(mail.dueAt == nil && mail.finishedAt != nil)
            let resent = try await hub.mails.resend([event])
            #expect(resent.done == [event] && resent.skipped.isEmpty)
            #expect(try await hub.mails.list(.failed, countMax: 10).isEmpty)
            try await hub.sending { try await eventually { try await hub.delivery(event)?.state == "sent" } }
            #expect(try await server.mails().map(\.messageID) == ["<\(event)@example.org>"])
            #expect(try await hub.delivery(event)?.attempts == 2)
            #expect(try await hub.mails.list(countMax: 10).first?.address == nil)
        }
    }

    @Test func `a mail that has not failed is not sent again, and its state is reported`() async throws {
        try await NotificationHub.withServer { hub, server in
            let sent = EventID.new, waiting = EventID.new, unknown = EventID.new
            try await hub.post(NotificationHub.mail(), sent)
            try await hub.sending { try await eventually { try await hub.delivery(sent)?.state == "sent" } }
            try await hub.post(NotificationHub.mail(), waiting)
            let resent = try await hub.mails.resend([sent, waiting, unknown])
            #expect(resent.done.isEmpty)
            #expect(resent.skipped.map(\.id) == [sent, waiting, unknown])
            #expect(resent.skipped.map(\.state) == [.sent, .waiting, nil])
            #expect(try await server.mailCount() == 1)
        }
    }

    @Test func `the mail of an erased person cannot be sent again`() async throws {
        try await NotificationHub.withServer { hub, server in
            let ada = UserID.new
            let event = try await failed(hub, server, user: ada)
            try await hub.delete(ada)
            #expect(try await hub.mails.resend([event]).skipped.map(\.state) == [.dropped])
            #expect(try await hub.mails.resendAllFailed().done.isEmpty)
            #expect(try await hub.mails.count(lateSince: Date()).failed == 0)
            #expect(try await hub.mails.list(countMax: 10).map(\.maskedAddress) == [nil])
        }
    }

    @Test func `all failed mails are sent again, in any number`() async throws {
        try await NotificationHub.withServer { hub, server in
            let event = try await failed(hub, server)
            let count = Mails.resentCountMax + 5
            try await hub.database.execute(
                """
                insert into delivery select event_id || n, user_id, state, due_at, attempts, recipient, subject, kind, facts,
                    smtp_code, reason, correlation_id, created_at, finished_at
                from delivery, generate_series(1, \(count)) n where event_id = \(event.rawValue)
                """)
            #expect(try await hub.mails.count(lateSince: Date()).failed == count + 1)
            #expect(try await hub.mails.resendAllFailed().done.count == count + 1)
            #expect(try await hub.deliveryCount(.waiting) == count + 1)
        }
    }

    @Test(arguments: [("a@b.c", "a…@b.c"), ("ada@lovelace@b.c", "a…@b.c"), ("ada", "…"), ("@b.c", "…"), ("", "…")])
    func `a masked address has its first letter and its domain`(address: String, masked: String) {
        let mail = Mail(
            id: .new, userID: .new, state: .failed, kind: "welcome", address: address, attempts: 1, code: nil,
            reason: nil,
            correlationID: "", createdAt: NotificationHub.time, dueAt: nil, finishedAt: nil)
        #expect(mail.maskedAddress == masked)
    }
}
