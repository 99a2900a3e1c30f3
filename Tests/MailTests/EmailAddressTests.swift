import Mail
import Testing

@Suite struct EmailAddressTests {
    @Test(arguments: [
        "ana@example.org", "Ana.Sofia+hub@mail.example.co.uk", "a@b", "x_y-z'!#$%&*/=?^`{|}~@example.org",
        "ana@xn--bcher-kva.example", "1@2.example", String(repeating: "a", count: 64) + "@example.org",
    ])
    func `a plain address is accepted`(text: String) {
        #expect(EmailAddress(text)?.rawValue == text)
    }

    @Test(arguments: [
        "", "@", "ana", "ana@", "@example.org", "ana@@example.org", "a@b@example.org", "ana @example.org",
        ".ana@example.org", "ana.@example.org", "a..b@example.org", "ana@example..org", "ana@.example.org",
        "ana@example.org.", "ana@-example.org", "ana@example-.org", "ana@exa_mple.org", "ana@[127.0.0.1]",
        "\"ana\"@example.org", "ana(comment)@example.org", "ana,eve@example.org", "ana;eve@example.org",
        "<ana@example.org>", "ana@example.org>", "ana@example.org\r\nRCPT TO:<eve@example.org>", "ana@example.org\n",
        "ana\u{0}@example.org", "añа@example.org", "ana@bücher.example", "ana@example.org ",
        String(repeating: "a", count: 65) + "@example.org",
        "a@" + String(repeating: "b", count: 64) + ".org",
        "a@" + String(repeating: "abcdefghi.", count: 25) + "example",
    ])
    func `an ambiguous address is refused`(text: String) {
        #expect(EmailAddress(text) == nil)
    }

    @Test func `the domain is what follows the at sign`() {
        #expect(EmailAddress("ana@Mail.Example.org")?.domain == "Mail.Example.org")
    }

    @Test func `a setting names a mailbox with or without a name`() throws {
        #expect(Mailbox("hub@example.org") == Mailbox(address: try #require(EmailAddress("hub@example.org"))))
        #expect(Mailbox("Learning Hub <hub@example.org>")?.name == "Learning Hub")
        #expect(Mailbox("\"Learning Hub\" <hub@example.org>")?.name == "Learning Hub")
        #expect(Mailbox("<hub@example.org>")?.name == nil)
        for text in ["", "Learning Hub", "Learning Hub <hub>", "Learning Hub <hub@example.org", "a@b <", ">", "<>"] {
            #expect(Mailbox(text) == nil)
        }
    }
}

@Suite struct MessageIDTests {
    @Test func `the same event has the same id, another event another`() {
        let id = MessageID(eventID: "evt_0199", domain: "example.org")
        #expect(id.description == "<evt_0199@example.org>")
        #expect(id == MessageID(eventID: "evt_0199", domain: "example.org"))
        #expect(id != MessageID(eventID: "evt_0198", domain: "example.org"))
    }

    @Test(arguments: ["", "a b", "a>\r\nBcc: eve@example.org", "..", "a.", "é", "a@b", "a=b", "<a>"])
    func `every event id gives a valid Message-ID`(eventID: String) {
        let id = MessageID(eventID: eventID, domain: "example.org").description
        #expect(
            id.wholeMatch(of: /<[A-Za-z0-9!#$%&'*+\-\/=?^_`{|}~]+(\.[A-Za-z0-9!#$%&'*+\-\/=?^_`{|}~]+)*@example\.org>/)
                != nil)
    }

    @Test func `different events stay different after escaping`() {
        let ids = ["a b", "a=20b", "a  b", "a.b", ".a", "=2Ea"].map { MessageID(eventID: $0, domain: "d").description }
        #expect(Set(ids).count == ids.count)
    }
}
