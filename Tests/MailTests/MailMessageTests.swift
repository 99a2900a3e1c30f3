import Foundation
import Mail
import Testing

@Suite struct MailMessageTests {
    func text(of message: MailMessage) -> String { String(decoding: message.mimeBytes(), as: UTF8.self) }

    /// The names of the headers before the first empty line.
    func headerNames(of message: MailMessage) throws -> [String] {
        let text = text(of: message)
        let end = try #require(text.range(of: "\r\n\r\n"))
        return text[..<end.lowerBound].components(separatedBy: "\r\n")
            .filter { !$0.hasPrefix(" ") }.map { String($0.prefix { $0 != ":" }) }
    }

    @Test func `a message has its headers, a text and an HTML part`() throws {
        let headers = try #require(MailHeader.oneClickUnsubscribe(url: "https://hub.example.org/u/abc"))
        #expect(
            text(of: try Samples.message(subject: "Welcome", headers: headers))
                == """
                Date: Sat, 31 Jan 2026 23:59:59 +0000
                From: Learning Hub <hub@example.org>
                To: Ana <ana@example.org>
                Subject: Welcome
                Message-ID: <evt_1@example.org>
                List-Unsubscribe: <https://hub.example.org/u/abc>
                List-Unsubscribe-Post: List-Unsubscribe=One-Click
                MIME-Version: 1.0
                Content-Type: multipart/alternative; boundary="=_learning-hub"

                --=_learning-hub
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                Hello Ana
                --=_learning-hub
                Content-Type: text/html; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                <p>Hello Ana</p>
                --=_learning-hub--

                """.replacingOccurrences(of: "\n", with: "\r\n"))
    }

    @Test func `without HTML a message is its text`() throws {
        let message = text(of: try Samples.message(text: "Hello", html: nil))
        #expect(!message.contains("multipart"))
        #expect(message.hasSuffix("Content-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n"))
    }

    @Test(arguments: Samples.hostileTexts)
    func `no text becomes a header, a recipient or the end of the message`(hostile: String) throws {
        let message = try Samples.message(
            fromName: hostile, toName: hostile, subject: hostile, text: hostile, html: hostile)
        #expect(
            try headerNames(of: message) == [
                "Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type",
            ])
        #expect(!text(of: message).contains("\r\n.\r\n"))
    }

    @Test func `every message is ASCII in short lines that end with CRLF`() throws {
        var random = Repeatable(state: 3)
        for round in 0..<300 {
            let message = try Samples.message(
                fromName: random.text(count: round % 40), toName: random.text(count: round % 60),
                subject: random.text(count: round % 100), text: random.text(count: round * 3),
                html: round % 3 == 0 ? nil : random.text(count: round * 2))
            let bytes = message.mimeBytes()
            #expect(bytes.allSatisfy { $0 < 0x7f && ($0 >= 0x20 || $0 == 13 || $0 == 10 || $0 == 9) })
            let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
            #expect(lines.last?.isEmpty == true)
            #expect(lines.allSatisfy { $0.utf8.count <= 78 && !$0.contains("\r") && !$0.contains("\n") })
        }
    }

    @Test func `quoted-printable keeps spaces at line ends, equals signs and long lines`() throws {
        let source = "a = b \nend\t\n" + String(repeating: "x", count: 80) + "\r\n" + String(repeating: "é", count: 3)
        let body = text(of: try Samples.message(text: source, html: nil)).components(separatedBy: "\r\n\r\n")[1]
        #expect(
            body == "a =3D b=20\r\nend=09\r\n" + String(repeating: "x", count: 75) + "=\r\nxxxxx\r\n"
                + "=C3=A9=C3=A9=C3=A9\r\n")
    }

    @Test func `a text of another script is encoded as base64, which is shorter`() throws {
        let message = text(of: try Samples.message(text: String(repeating: "Привет ", count: 50), html: nil))
        #expect(message.contains("Content-Transfer-Encoding: base64\r\n"))
    }

    @Test func `an encoded word is short and made of whole characters`() throws {
        let subject = String(repeating: "学习🎓", count: 30)
        let line = text(of: try Samples.message(subject: subject)).components(separatedBy: "Subject:")[1]
            .components(separatedBy: "\r\nMessage-ID")[0]
        let words = line.split(whereSeparator: \.isWhitespace)
        #expect(words.count > 3)
        let decoded = try words.map { word in
            #expect(word.utf8.count <= 75 && word.hasPrefix("=?utf-8?B?") && word.hasSuffix("?="))
            let data = try #require(Data(base64Encoded: String(word.dropFirst(10).dropLast(2))))
            return try #require(String(data: data, encoding: .utf8))
        }
        #expect(decoded.joined() == subject)
    }

    @Test func `limits are enforced`() throws {
        let long = String(repeating: "a", count: MailMessage.headerTextBytesMax + 1)
        #expect(throws: MailMessageError.headerTooLong) { try Samples.message(toName: long) }
        #expect(throws: MailMessageError.headerTooLong) { try Samples.message(subject: long) }
        let body = String(repeating: "a", count: MailMessage.bodyBytesMax)
        #expect(throws: MailMessageError.bodyTooLong) { try Samples.message(text: body, html: "a") }
        _ = try Samples.message(text: body, html: nil)
    }

    @Test(arguments: [
        ("", "v"), ("a b", "v"), ("a:", "v"), ("X-A", "v\r\nBcc: e@x.org"), ("X-A", "v\n"), ("X-A", "é"),
        ("Bcc", "e@x.org"),
        ("bcc", "e@x.org"), ("Content-Type", "text/plain"), ("SUBJECT", "x"), ("Received", "x"), ("X\u{0}", "v"),
        ("X-A", String(repeating: "v", count: 901)),
    ])
    func `a harmful header is refused`(header: (name: String, value: String)) {
        #expect(MailHeader(header.name, header.value) == nil)
    }

    @Test(arguments: [
        "", "ftp://a", "javascript:alert(1)", "https://a>,<mailto:x", "https://a b", "https://a\r\nBcc: x",
    ])
    func `an unsubscribe link is a web link`(url: String) {
        #expect(MailHeader.oneClickUnsubscribe(url: url) == nil)
    }
}
