import Contracts
import Foundation
import HubTesting
import Messaging
@testable import Notification
@testable import Platform
import Observability
import Postgres
import ServiceTesting
import Testing

/// Against a real SMTP server.
@Suite struct SenderTests {
    @Test func `a mail arrives with text and HTML, and its texts are deleted`() async throws {
        try await NotificationHub.withServer { hub, server in
            let event = EventID.new
            try await hub.post(NotificationHub.mail(), event)
            try await hub.sending { try await eventually { try await hub.delivery(event)?.state == "sent" } }
            let mail = try #require(try await server.mails().first)
            #expect(mail.toAddress == "ada@example.org" && mail.toName == "Ada Lovelace")
            #expect(mail.fromAddress == "hub@example.org" && mail.subject == "Welcome")
            #expect(mail.messageID == "<\(event)@example.org>")
            #expect(
                mail.text?.contains("Hello Ada,") == true
                    && mail.html?.contains("<p dir=\"auto\">Hello Ada,</p>") == true)
            #expect(mail.defects.isEmpty)
            let everything = try await hub.everything()
            #expect(!everything.contains("Ada") && !everything.contains("example.org"))
        }
    }

    @Test(arguments: [("Ада", "Лавлейс"), ("爱达", "洛夫莱斯"), ("آدا", "لوفلايس"), ("Zoë", "Müller-Ñuñez"), ("👩🏽‍🔬", "")])
    func `names of any script arrive as they are`(firstName: String, lastName: String) async throws {
        try await NotificationHub.withServer { hub, server in
            try await hub.post(NotificationHub.mail(firstName: firstName, lastName: lastName))
            try await hub.sending { try await eventually { try await hub.deliveryCount(.sent) == 1 } }
            let mail = try #require(try await server.mails().first)
            #expect(mail.toName == [firstName, lastName].filter { !$0.isEmpty }.joined(separator: " "))
            #expect(mail.text?.contains(firstName) == true && mail.html?.contains(firstName) == true)
            #expect(mail.defects.isEmpty)
        }
    }

    @Test func `an event delivered twice, before and after sending, is one mail`() async throws {
        try await NotificationHub.withServer { hub, server in
            let event = EventID.new, mail = NotificationHub.mail()
            for _ in 1...2 { try await hub.post(mail, event) }
            try await hub.sending {
                try await eventually { try await hub.deliveryCount(.sent) == 1 }
                try await hub.post(mail, event)
                try await hub.post(NotificationHub.mail(to: "eve@example.net"))
                try await eventually { try await hub.deliveryCount(.sent) == 2 }
            }
            #expect(try await server.mails(to: "ada@example.org").count == 1)
        }
    }

    @Test func `many mails and several senders: each goes out once`() async throws {
        try await NotificationHub.withServer { hub, server in
            let other = try await hub.another(try #require(hub.operations.sender).transport)
            try await hub.sending {
                try await hub.sending(other) {
                    for number in 0..<60 { try await hub.post(NotificationHub.mail(to: "p\(number)@example.org")) }
                    try await eventually(within: .seconds(30)) { try await hub.deliveryCount(.sent) == 60 }
                }
            }
            let mails = try await server.mails()
            #expect(mails.count == 60 && Set(mails.map(\.messageID)).count == 60)
        }
    }

    @Test func `a mail the server puts off is sent later, once`() async throws {
        try await NotificationHub.withServer { hub, server in
            let event = EventID.new
            try await server.answer(.refuse(code: 451, times: 3))
            try await hub.post(NotificationHub.mail(), event)
            try await hub.sending { try await eventually { try await hub.delivery(event)?.state == "sent" } }
            #expect(try await server.mailCount() == 1)
            #expect(try await hub.delivery(event)?.attempts == 4)
        }
    }

    @Test func `a mail that is put off for too long fails`() async throws {
        var limits = MailLimits.quick
        limits.retryAgeMax = .milliseconds(300)
        try await NotificationHub.withServer(limits: limits) { hub, server in
            let event = EventID.new
            try await server.answer(.refuse(code: 451))
            try await hub.post(NotificationHub.mail(), event)
            try await hub.sending { try await eventually { try await hub.delivery(event)?.state == "failed" } }
            #expect(try await hub.delivery(event)?.code == 451)
        }
    }

    @Test func `a mail to a refused address fails at once, and delays no other`() async throws {
        try await NotificationHub.withServer { hub, server in
            let refused = EventID.new, other = EventID.new
            try await server.answer(.refuse(code: 550, stage: .rcpt, times: 1))
            try await hub.post(NotificationHub.mail(to: "nobody@example.org"), refused)
            try await hub.sending {
                try await eventually { try await hub.delivery(refused)?.state == "failed" }
                try await hub.post(NotificationHub.mail(), other)
                try await eventually { try await hub.delivery(other)?.state == "sent" }
            }
            let outcome = try #require(try await hub.delivery(refused))
            #expect(outcome.code == 550 && outcome.attempts == 1)
            let lines = hub.log.lines.filter { $0.contains("mail failed") }
            #expect(
                lines.count == 1 && lines[0].contains(#""level":"error""#) && !lines[0].contains("nobody"), "\(lines)")
            #expect(try await server.mails().map(\.toAddress) == ["ada@example.org"])
        }
    }

    @Test func `the trace shows a mail that was put off, refused or sent`() async throws {
        try await NotificationHub.withServer { hub, server in
            let late = EventID.new, refused = EventID.new
            try await server.answer(.refuse(code: 451, times: 1))
            try await hub.post(NotificationHub.mail(), late)
            try await hub.sending {
                try await eventually { try await hub.delivery(late)?.state == "sent" }
                try await server.answer(.refuse(code: 550, times: 1))
                try await hub.post(NotificationHub.mail(), refused)
                try await eventually { try await hub.delivery(refused)?.state == "failed" }
            }
            #expect(try await hub.journal(late) == ["mail welcome put off 451", "mail welcome"])
            #expect(try await hub.journal(refused) == ["mail welcome failed 550"])
        }
    }

    @Test(arguments: ["ada", "a b@example.org", "ada@example.org\r\nBcc: eve@example.org", ""])
    func `a mail to an invalid address fails without a connection`(address: String) async throws {
        try await NotificationHub.withServer { hub, server in
            let event = EventID.new
            try await hub.post(NotificationHub.mail(to: address), event)
            try await hub.sending { try await eventually { try await hub.delivery(event)?.state == "failed" } }
            #expect(try await server.mailCount() == 0)
        }
    }

    @Test func `while the server is down mails and events wait, and all are sent once afterwards`() async throws {
        try await NotificationHub.withServer { hub, server in
            try await server.goDown()
            for number in 0..<20 { try await hub.post(NotificationHub.mail(to: "p\(number)@example.org")) }
            try await hub.sending {
                let sender = try #require(hub.operations.sender)
                try await eventually { sender.isServerPaused }
                try await eventually {
                    do {
                        try await hub.post(NotificationHub.mail(to: "late@example.org"))
                        return false
                    } catch let failure as Failure {
                        return failure.failureClass == .dependencyDown
                    }
                }
                #expect(try await hub.deliveryCount(.sent) == 0)
                try await server.goUp()
                try await eventually { try await hub.deliveryCount(.waiting) + hub.deliveryCount(.sending) == 0 }
            }
            #expect(try await hub.deliveryCount(.failed) == 0)
            let mails = try await server.mails()
            #expect(Set(mails.map(\.messageID)).count == mails.count)
            let recipients = Set(mails.map(\.toAddress))
            #expect((0..<20).allSatisfy { recipients.contains("p\($0)@example.org") })
            for text in ["the mail server does not accept mail", "the mail server accepts mail again"] {
                let lines = hub.log.lines.filter { $0.contains(text) }
                #expect(!lines.isEmpty && lines[0].contains(server.url), "\(lines)")
            }
        }
    }

    @Test(
        arguments: zip(
            [530, 550, 553, 452, 554, 421], [SMTPServer.Stage.mail, .mail, .mail, .mail, .greeting, .greeting]))
    func `while the server refuses the hub mails and events wait, and all are sent once afterwards`(
        code: Int, stage: SMTPServer.Stage
    ) async throws {
        try await NotificationHub.withServer { hub, server in
            try await server.answer(.refuse(code: code, stage: stage))
            for number in 0..<124 { try await hub.post(NotificationHub.mail(to: "p\(number)@example.org")) }
            let sender = try #require(hub.operations.sender)
            try await hub.sending {
                // More than one round: the first mails are not the only ones that tried.
                try await eventually { sender.meter.unwilling.value >= 12 }
                #expect(!sender.isServerUp)
                try await eventually { sender.isServerPaused }
                let counts = try await hub.mails.count(lateSince: Date())
                #expect(counts.failed == 0 && counts.waiting == 124)
                #expect(counts.reason == "\(stage == .mail ? "MAIL FROM" : "the connection") answered \(code)")
                try await server.answer(.accept)
                try await eventually(within: .seconds(30)) { try await hub.deliveryCount(.sent) == 124 }
                #expect(sender.isServerUp)
            }
            #expect(try await hub.mails.list(countMax: 200).allSatisfy { $0.attempts == 1 })
            #expect(Set(try await server.mails().map(\.toAddress)).count == 124)
            #expect(try await server.mailCount() == 124)
        }
    }

    @Test func `no event is accepted while the server refuses the hub`() async throws {
        try await NotificationHub.withServer { hub, server in
            try await server.answer(.refuse(code: 530, stage: .mail))
            try await hub.post(NotificationHub.mail())
            try await hub.sending {
                let sender = try #require(hub.operations.sender)
                try await eventually { sender.isServerPaused }
                try await eventually {
                    do {
                        try await hub.post(NotificationHub.mail(to: "late@example.org"))
                        return false
                    } catch let failure as Failure {
                        return failure.failureClass == .dependencyDown
                    }
                }
            }
        }
    }

    @Test(arguments: ["5.7.1 relaying denied", "5.7.1 blocked by policy"])
    func `a mail refused because of its sender waits alone, and delays no other`(text: String) async throws {
        try await NotificationHub.withServer { hub, server in
            let refused = EventID.new, other = EventID.new
            try await server.answer(.refuse(code: 550, text: text, stage: .rcpt, times: 2))
            try await hub.post(NotificationHub.mail(to: "ben@example.net"), refused)
            try await hub.sending {
                let sender = try #require(hub.operations.sender)
                try await eventually { try await hub.delivery(refused)?.code == 550 }
                #expect(sender.isServerUp)
                try await hub.post(NotificationHub.mail(), other)
                try await eventually { try await hub.deliveryCount(.sent) == 2 }
            }
            // The second refusal may have met either.
            #expect(try await hub.mails.list(countMax: 10).map(\.attempts).reduce(0, +) == 4)
        }
    }

    @Test func `an outage of the server does not count towards the time limit of a mail`() async throws {
        var limits = MailLimits.quick
        limits.retryAgeMax = .seconds(3_600)
        try await NotificationHub.withServer(limits: limits) { hub, server in
            let event = EventID.new
            try await hub.post(NotificationHub.mail(), event)
            try await hub.database.execute("update delivery set created_at = created_at - interval '3 days'")
            try await server.answer(.refuse(code: 450, stage: .rcpt, times: 2))
            try await hub.sending { try await eventually { try await hub.delivery(event)?.state == "sent" } }
            #expect(try await hub.delivery(event)?.attempts == 3)
        }
    }

    @Test func `one slow mail delays no other`() async throws {
        try await NotificationHub.withServer { hub, server in
            let slow = EventID.new
            let (release, releasing) = AsyncStream.makeStream(of: Void.self)
            let transport = SlowTransport(to: try #require(hub.operations.sender).transport, until: release)
            try await hub.post(NotificationHub.mail(to: SlowTransport.address), slow)
            try await hub.sending(try await hub.another(transport)) {
                try await eventually { try await hub.delivery(slow)?.state == "sending" }
                for number in 0..<10 { try await hub.post(NotificationHub.mail(to: "p\(number)@example.org")) }
                try await eventually { try await hub.deliveryCount(.sent) == 10 }
                #expect(try await hub.delivery(slow)?.state == "sending")
                releasing.finish()
                try await eventually { try await hub.deliveryCount(.sent) == 11 }
            }
            #expect(try await server.mailCount() == 11)
        }
    }

    /// The one moment in doubt: the server has the mail and we do not know.
    @Test func `a mail accepted without a reply is sent again under the same id`() async throws {
        try await NotificationHub.withServer { hub, server in
            let event = EventID.new
            try await server.answer(.takeAndClose)
            try await hub.post(NotificationHub.mail(), event)
            try await hub.sending {
                try await eventually { try await server.mailCount() >= 1 }
                try await server.answer(.accept)
                try await eventually { try await hub.delivery(event)?.state == "sent" }
            }
            let ids = try await server.mails().map(\.messageID)
            #expect(ids.count >= 2 && Set(ids) == ["<\(event)@example.org>"])
        }
    }

    @Test func `a mail of a dead sender is taken over after its claim expires`() async throws {
        try await NotificationHub.withServer { hub, server in
            let dead = EventID.new, held = EventID.new, operations = hub.operations
            try await hub.post(NotificationHub.mail(), dead)
            #expect(try await hub.claim(for: -1)?.key == dead.rawValue)
            #expect(try await operations.store.beginDelivery(dead, on: hub.database)?.attempt == 1)
            try await hub.post(NotificationHub.mail(to: "eve@example.net"), held)
            let taken = try #require(try await hub.claim(for: 600))
            // The first claim was due again as well: whichever was taken, one is held for long and one is not.
            _ = try await operations.store.beginDelivery(EventID(checked: taken.key), on: hub.database)
            try await hub.sending {
                try await eventually { try await hub.deliveryCount(.sent) == 1 }
            }
            #expect(try await server.mailCount() == 1)
            #expect(try await hub.deliveryCount(.sending) == 1)
        }
    }

    @Test func `a sender without a valid claim stores no outcome`() async throws {
        try await NotificationHub.withServer { hub, _ in
            let event = EventID.new, operations = hub.operations, sender = try #require(operations.sender)
            try await hub.post(NotificationHub.mail(), event)
            let lost = try #require(try await hub.claim(for: -1))
            let first = try #require(try await operations.store.beginDelivery(event, on: hub.database))
            let held = try #require(try await hub.claim(for: 600))
            let second = try #require(try await operations.store.beginDelivery(event, on: hub.database))
            await #expect(throws: TaskLost.self) {
                try await operations.note(.sent, of: first, lost, by: sender)
            }
            #expect(try await hub.delivery(event)?.state == "sending")
            await #expect(throws: Failure.self) {
                try await operations.note(.serverUnwilling(code: nil, reason: "away"), of: first, lost, by: sender)
            }
            #expect(try await hub.delivery(event)?.state == "sending")
            try await operations.note(.sent, of: second, held, by: sender)
            #expect(try await hub.delivery(event)?.state == "sent")
        }
    }

    @Test func `a stop waits for the mail in progress`() async throws {
        try await NotificationHub.withServer { hub, server in
            for number in 0..<30 { try await hub.post(NotificationHub.mail(to: "p\(number)@example.org")) }
            try await hub.sending { try await eventually { try await server.mailCount() > 0 } }
            #expect(try await hub.deliveryCount(.sending) == 0)
            #expect(try await server.mailCount() == hub.deliveryCount(.sent))
        }
    }

    @Test func `a replay sends nothing`() async throws {
        try await NotificationHub.withServer { hub, _ in
            try await hub.deliver(NotificationHub.mail(), isReplay: true)
            #expect(try await hub.rowCount("delivery") == 0)
        }
    }

    @Test func `an unknown template becomes a dead letter`() async throws {
        try await NotificationHub.with { hub in
            let failure = await #expect(throws: Failure.self) {
                try await hub.post(NotificationHub.mail(kind: "nonsense"))
            }
            #expect(failure?.failureClass == .permanent)
        }
    }
}
