import Testing

@testable import User

@Suite struct PasswordTests {
    @Test(arguments: [
        "correct horse battery staple", "Tr0ub4dor&3 and more", "ñandú über straße", "пароль длинный", "長いパスワードはよいものです",
        "9f8b1c7e2a4d", "my cat's password is long", "passwords are hard", "zebra-quilt-7741", "739201847362",
        "asdf is not my pass", "test-driven since 2009",
    ])
    func `a long password nobody tries first is taken`(_ text: String) throws { _ = try Password(text) }

    @Test(arguments: [
        "", "short", "elevenchars", String(repeating: "ab1-", count: 300), String(repeating: "\u{1F600}", count: 300),
    ])
    func `too short and too long ones are refused`(_ text: String) {
        #expect(throws: Complaint.self) { try Password(text) }
    }

    @Test(arguments: [
        "password1234", "Password1234!", "P@ssw0rd2026", "PASSWORDPASSWORD", "123456789012", "987654321098",
        "aaaaaaaaaaaa", "abcabcabcabc", "qwertyuiop[]", "qwerty123456", "1q2w3e4r5t6y", "1qaz2wsx3edc", "abcdefghijkl",
        "zyxwvutsrqpo", "iloveyou1234", "welcome12345", "administrator", "adminpassword1", "letmeinletmein",
        "mypassword123", "test12345678", "!!!password!!!", "000000000000", "s3cr3t123456", "changeme1234",
        "20242024password",
    ])
    func `those that attackers try first are refused`(_ text: String) {
        #expect(throws: Complaint.self) { try Password(text) }
    }

    @Test func `twelve characters are counted as people count them`() throws {
        // Eleven letters with accents, each typed as two characters.
        #expect(throws: Complaint.self) { try Password(String(repeating: "e\u{301}", count: 11)) }
        _ = try Password("e\u{301}ab1cd2ef3gh")
    }

    @Test func `it is the same password whatever keyboard composed its letters`() throws {
        let typed = try Password("cafe\u{301} au lait!"), chosen = try Password("caf\u{e9} au lait!")
        #expect(Array(typed.text.utf8) == Array(chosen.text.utf8))
        #expect(Array(Password(stored: "cafe\u{301}").text.utf8) == Array("caf\u{e9}".utf8))
    }

    @Test func `it shows itself nowhere`() throws {
        let password = try Password("correct horse battery staple")
        var dumped = ""
        dump(password, to: &dumped)
        for text in ["\(password)", String(reflecting: password), dumped] { #expect(!text.contains("horse")) }
    }

    @Test func `the address in other case is still the address`() throws {
        let email = try Email("Ada.Lovelace@example.org")
        #expect(try Password("ada.LOVELACE@example.org").isSame(as: email))
        #expect(try !Password("correct horse battery staple").isSame(as: email))
    }
}
