import Testing

@testable import User

@Suite struct EmailTests {
    @Test(arguments: [
        "ada@example.org", "a@b.co", "first.last+tag@sub.example.museum", "x_y-z'!@example.org", "A@EXAMPLE.ORG",
        "1@1a.xn--p1ai",
    ])
    func `a plain address is kept as written`(_ text: String) throws {
        #expect(try Email(text).text == text)
    }

    @Test(arguments: [
        "", "a", "@example.org", "a@", "a@b", "a@@b.org", "a b@example.org", "a@exa mple.org", ".a@example.org",
        "a.@example.org", "a..b@example.org", "a@-b.org", "a@b-.org", "a@.org", "a@b..org", "a@127.0.0.1", "a@b.org.",
        "\"a\"@example.org", "a@[127.0.0.1]", "ä@example.org", "a@exämple.org", "a\u{0}@example.org", "a\n@example.org",
        "a@example.org\r\nBcc: b@example.org", "<a@example.org>", String(repeating: "a", count: 65) + "@example.org",
        "a@" + String(repeating: "b", count: 64) + ".org", "a@" + String(repeating: "b.", count: 130) + "org",
    ])
    func `anything else is refused`(_ text: String) {
        #expect(throws: Complaint.self) { try Email(text) }
    }

    @Test func `addresses that differ in case are the same`() throws {
        #expect(try Email("Ada@Example.Org").folded == Email("aDA@eXAMPLE.oRG").folded)
    }
}

@Suite struct PersonNameTests {
    @Test(arguments: ["Ada", "O'Neill", "李", "Владимир", "فاطمة", "नरेन्द्र", "Nguyễn Thị", "José-María de la Cruz", "x"])
    func `a name of any script is accepted`(_ text: String) throws {
        #expect(try PersonName(text).text == text)
    }

    @Test func `the same name is the same text, however it was typed`() throws {
        let name = try PersonName("Jose\u{301}")
        #expect(Array(name.text.unicodeScalars) == Array("Jos\u{e9}".unicodeScalars))
        #expect(try PersonName("\u{a0} Ada\u{2003}").text == "Ada")
    }

    @Test func `joiners that a script needs stay`() throws {
        #expect(try PersonName("می\u{200c}خواهم").text.unicodeScalars.contains("\u{200c}"))
    }

    @Test(arguments: [
        "", " ", "\u{200b}", "\u{2003}\u{200d}", "a\u{0}b", "a\nb", "a\u{7f}", "a\u{85}b", "a\u{2028}b", "a\u{202e}b",
        "a\u{2066}b",
        "a\u{e000}", String(repeating: "a", count: 101), "a" + String(repeating: "\u{301}", count: 900),
    ])
    func `empty, endless and deceiving names are refused`(_ text: String) {
        #expect(throws: Complaint.self) { try PersonName(text) }
    }

    @Test func `a hundred characters are enough for a hundred of any script`() throws {
        let name = String(repeating: "नि", count: 100)
        #expect(try PersonName(name).text.count == 100)
    }
}

@Suite struct PlaceTests {
    @Test(arguments: ["UTC", "Europe/Vienna", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "America/Port-au-Prince"])
    func `names of time zones are accepted`(_ text: String) throws { #expect(try TimeZoneName(text).text == text) }

    @Test(arguments: ["", "/", "Europe/", "/etc/passwd", "../../x", "Europe/Vienna/A/B", "Wien Mitte", "+01:00", "Ä/B"])
    func `text of another form is not a time zone`(_ text: String) {
        #expect(throws: Complaint.self) { try TimeZoneName(text) }
    }

    @Test(arguments: [
        "Mars/X", "Nope/Nope", "europe/berlin", "utc", "posixrules", "localtime", "right/UTC", "zone.tab",
    ])
    func `an unknown time zone is refused`(_ text: String) {
        #expect(throws: Complaint.self) { try TimeZoneName(text) }
    }

    @Test(arguments: ["Asia/Calcutta", "GMT", "US/Eastern"])
    func `old names of time zones are accepted`(_ text: String) throws { #expect(try TimeZoneName(text).text == text) }

    @Test(arguments: ["en", "de-AT", "zh-Hant-TW", "sr-Latn", "gsw", "en-GB-oxendict"])
    func `language tags are accepted`(_ text: String) throws { #expect(try LocaleTag(text).text == text) }

    @Test(arguments: ["", "e", "en_US", "english", "en-", "-en", "en-toolongpart", "12", "en-\u{e4}"])
    func `text of another form is not a language tag`(_ text: String) {
        #expect(throws: Complaint.self) { try LocaleTag(text) }
    }
}
