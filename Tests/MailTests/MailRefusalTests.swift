@testable import HTTP
@testable import Mail
import Testing

@Suite struct MailRefusalTests {
    private func verdict(_ stage: SMTPStage, _ reply: String) throws -> MailRefusal.Verdict {
        MailRefusal(
            SMTPReply(stage: stage, code: try #require(Int(reply.prefix(3))), text: String(reply.dropFirst(4)))
        ).verdict
    }

    @Test(
        arguments: [SMTPStage.greeting, .hello, .startTLS, .logIn, .sender],
        [
            "421 try later", "450 4.7.1 too many", "452 4.3.1 no room", "500 what?", "501 no", "530 5.7.0 log in",
            "535 no",
            "550 no", "550 5.1.1 no", "550 5.7.1 not you", "552 quota", "553 not your address", "554 5.7.1 blocked",
            "571 no",
        ])
    func `a refusal before the recipient is named concerns the server`(stage: SMTPStage, reply: String) throws {
        #expect(try verdict(stage, reply) == .serverUnwilling)
    }

    @Test func `the refusal of a message that is too big concerns only that message`() throws {
        for stage in [SMTPStage.sender, .recipient, .data, .message] {
            #expect(try verdict(stage, "552 5.3.4 too big") == .refused)
        }
    }

    @Test(arguments: [
        "550 no such user", "550 5.1.1 no such user", "550 5.1.0 no", "551 5.1.6 moved", "552 5.2.2 full", "552 full",
        "553 5.1.3 bad address", "553 bad", "501 5.1.3 bad", "550 5.2.1 closed", "550 5.4.1 no", "550 5.4.4 no route",
        "554 no",
        "556 5.1.10 takes no mail", "550 1.2.3 no status", "550 5.1.1000 none either",
    ])
    func `a refusal of the recipient is permanent`(reply: String) throws {
        #expect(try verdict(.recipient, reply) == .refused)
    }

    @Test(arguments: [
        "450 4.7.1 greylisted", "451 later", "452 4.2.2 full", "421 4.7.0 busy", "550 4.2.0 of two minds",
        "550 5.7.1 relaying denied", "554 5.7.1 blocked", "530 log in", "530 5.7.0 log in", "535 no",
        "550 Relay not permitted",
        "550 authentication is required", "550 5.1.8 sender's domain", "553 5.1.7 sender", "550 5.3.2 not now",
        "550 5.4.5 quota",
        "503 5.5.1 order", "503 order", "502 what?", "521 no mail here",
    ])
    func `a refusal of the sender or the server puts the mail off`(reply: String) throws {
        #expect(try verdict(.recipient, reply) == .putOff)
    }

    @Test(arguments: [
        ("554 no", MailRefusal.Verdict.refused), ("550 5.6.0 bad content", .refused), ("550 5.2.3 too long", .refused),
        ("554 5.7.1 spam", .putOff), ("550 5.7.26 not signed", .putOff), ("554 5.3.0 broken", .putOff),
        ("452 4.3.1 full", .putOff),
        ("451 4.3.0 later", .putOff),
    ])
    func `for a refusal of the message its status decides`(reply: String, verdict: MailRefusal.Verdict) throws {
        for stage in [SMTPStage.data, .message] { #expect(try self.verdict(stage, reply) == verdict) }
    }

    @Test func `the description of a refusal contains no text of the server`() {
        let reply = SMTPReply(stage: .recipient, code: 550, text: "5.1.1 <ada@example.org>: no such user")
        #expect("\(MailRefusal(reply))" == "RCPT TO answered 550 5.1.1")
        #expect(!String(reflecting: MailRefusal(reply)).contains("ada"))
    }
}
