import Foundation
import Mail
import Testing

/// Mails for tests.
enum Samples {
    static let date = Date(timeIntervalSince1970: 1_769_903_999)

    static func mailbox(_ name: String?, _ address: String) throws -> Mailbox {
        Mailbox(name: name, address: try #require(EmailAddress(address)))
    }

    static func message(
        fromName: String? = "Learning Hub", toName: String? = "Ana", to: String = "ana@example.org",
        subject: String = "Welcome", text: String = "Hello Ana", html: String? = "<p>Hello Ana</p>",
        eventID: String = "evt_1", headers: [MailHeader] = []
    ) throws -> MailMessage {
        try MailMessage(
            from: mailbox(fromName, "hub@example.org"), to: mailbox(toName, to), subject: subject, text: text,
            html: html, messageID: MessageID(eventID: eventID, domain: "example.org"), date: date, headers: headers)
    }

    /// Names and texts in many scripts, and the shapes that mail software stumbles over.
    static let texts = [
        "Ana", "Ana Sofía Muñoz", "Zoë \"Z\" O'Brien, Jr.", "学习中心", "अनन्या शर्मा", "Ελένη Παπαδοπούλου", "محمد عبد الله",
        "שָׁלוֹם", "Юлія Шевченко", "さくら 🌸", "👩🏽‍🎓👨‍👩‍👧‍👦", "a\\b", "x <y@z.org>", "=?utf-8?B?QQ==?=", "  two  spaces  ", "A.B",
        String(repeating: "очень длинное имя ", count: 20), String(repeating: "w", count: 300),
        String(repeating: "word ", count: 60), "e\u{301}\u{323}", "dollar $ and % and @",
    ]

    static let hostileTexts = [
        "a\r\nBcc: eve@example.org", "a\nBcc: eve@example.org", "a\rBcc: eve@example.org", "a\u{0}b",
        "a\r\n\r\n<script>alert(1)</script>", "\r\n.\r\nMAIL FROM:<eve@example.org>\r\n",
        "a\u{2028}Bcc: eve@example.org",
        "a\u{85}Bcc: eve@example.org", "a\u{b}\u{c}Bcc: eve@example.org",
    ]
}

/// Chance that can be repeated: splitmix64.
struct Repeatable: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Text of letters of several scripts, spaces, line ends and signs with a meaning in mail.
    mutating func text(count: Int) -> String {
        let alphabet =
            Array("abc XYZ .=?_\t\n-<>@\"\\äßЖ学🎓\u{301}").map(String.init) + ["\r\n", "\n.", "\nFrom ", "  \n"]
        return (0..<count).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] }.joined()
    }
}
