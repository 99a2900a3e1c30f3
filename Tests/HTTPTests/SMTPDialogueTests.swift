@testable import HTTP
import Testing

@Suite struct SMTPDialogueTests {
    /// The refusal at the end of a dialogue; lines that begin with `>` are sent by the client.
    private func refusal(_ lines: [String]) -> SMTPReply? {
        var dialogue = SMTPDialogue()
        for line in lines {
            dialogue.note(Array((line.drop { $0 == ">" } + "\r\n").utf8), isReply: !line.hasPrefix(">"))
        }
        return dialogue.refusal
    }

    private static let greeted = ["220 hi", ">EHLO me", "250-hi", "250 AUTH PLAIN LOGIN"]
    private static let named = [">MAIL FROM:<a@b>", "250 ok", ">RCPT TO:<c@d>", "250 ok"]

    @Test(arguments: [
        (["554 no"], SMTPStage.greeting),
        (["220 hi", ">EHLO me", "502 no", ">HELO me", "550 no"], .hello),
        (greeted + [">STARTTLS", "454 no"], .startTLS),
        (greeted + [">AUTH LOGIN", "334 who?", ">REFUQQ==", "334 prove it", ">DATA", "535 no"], .logIn),
        ([">MAIL FROM:<a@b>", "530 no"], .sender),
        ([">MAIL FROM:<a@b>", "250 ok", ">RCPT TO:<c@d>", "550 no"], .recipient),
        (named + [">DATA", "554 no"], .data),
        (named + [">DATA", "354 go", "554 no"], .message),
    ])
    func `a reply belongs to the command before it`(lines: [String], stage: SMTPStage) {
        #expect(refusal(lines)?.stage == stage)
    }

    @Test func `a reply of many lines is one, and its text has a limit`() {
        let reply = refusal(["550-5.1.1 no", "550-such", "550 user"])
        #expect(reply == SMTPReply(stage: .greeting, code: 550, text: "5.1.1 no\nsuch\nuser"))
        let endless = Array(repeating: "550-" + String(repeating: "x", count: 300), count: 100) + ["550 end"]
        #expect(refusal(endless)?.text.utf8.count == SMTPReply.textBytesMax)
    }

    @Test func `the reply to QUIT does not count`() {
        #expect(refusal([">MAIL FROM:<a@b>", "530 no", ">QUIT", "221 bye"])?.code == 530)
    }

    @Test func `other replies are not refusals`() {
        #expect(refusal(["550 no", ">EHLO me", "250 ok"]) == nil)
        #expect(refusal(["", "5", "55", "abc", "55\u{e9}"]) == nil)
        #expect(refusal(["550"])?.text == "")
    }
}
