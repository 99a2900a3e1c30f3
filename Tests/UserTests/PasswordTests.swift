import Testing

@testable import User

@Suite struct PasswordTests {
    @Test(arguments: [
        "correct horse battery staple", "Tr0ub4dor&3 and more", "ñandú über straße", "пароль длинный", "長いパスワードはよいものです",
        "9f8b1c7e2a4d", "my cat's password is long", "passwords are hard", "zebra-quilt-7741", "739201847362",
        "asdf is not my pass", "test-driven since 2009", "correct horse battery", "kV7#pq!9Lz2w",
        "drei Esel im Regenschirm",
        "xkqz-blorf-77", "mañana llueve sobre la bahía", "我喜欢在雨中散步看书喝茶吃饭", "Hub-Identity forged by nobody",
        "8f14e45fceea167a5a36dedd4bea2543", "the teacher forgot nineteen umbrellas", "vT9mQ4xR2cLp",
    ])
    func `a long uncommon password is accepted`(_ text: String) throws { _ = try Password(text) }

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
        "20242024password", "passwort1234", "Summer2024!!!!", "learning-hub", "Learning-Hub-2026!", "Sommer2025!?!",
        "contraseña2024", "MotDePasse123!", "пароль123456", "йцукен123456", "L3arn1ngHub!!", "drowssap4321",
        "p.a.s.s.w.o.r.d",
        "p a s s w o r d 1", "Bayern München 1900", "FC Barcelona 2024", "Schule12345!", "ilovemychef!", "azertyuiopqs",
        "qwertzuiop12", "1a2b3c4d5e6f", "147258369147", "xyzxyzxyzxyz", "hunterhunter", "$ummer$ummer", "Michael1985!!",
        "berlin-berlin-2020", "teacher-student-1", "            ", "Welcome Admin 2026!",
    ])
    func `common passwords are refused`(_ text: String) {
        #expect(throws: Complaint.self) { try Password(text) }
    }

    @Test func `twelve characters are counted as people count them`() throws {
        // Eleven letters with accents, each typed as two characters.
        #expect(throws: Complaint.self) { try Password(String(repeating: "e\u{301}", count: 11)) }
        _ = try Password("e\u{301}ab1cd2ef3gh")
    }

    @Test func `a password is the same for every Unicode composition of its letters`() throws {
        let typed = try Password("cafe\u{301} au lait!"), chosen = try Password("caf\u{e9} au lait!")
        #expect(Array(typed.text.utf8) == Array(chosen.text.utf8))
        #expect(Array(Password(stored: "cafe\u{301}").text.utf8) == Array("caf\u{e9}".utf8))
    }

    @Test func `a password does not appear in any description`() throws {
        let password = try Password("correct horse battery staple")
        var dumped = ""
        dump(password, to: &dumped)
        for text in ["\(password)", String(reflecting: password), dumped] { #expect(!text.contains("horse")) }
    }

    private static func complaint(about password: String) throws -> Complaint? {
        let email = try Email("kestrel.oyelaran+hub@moorgrove.example")
        return try Password(password).complaint(
            of: email, [try PersonName("Zéphyrine"), try PersonName("Oyelaran-Quist")])
    }

    @Test(arguments: [
        "KESTREL.oyelaran+hub@moorgrove.example", "Oyelaran1984!", "kestrel-oyelaran", "zephyrine2026!!",
        "Z3phyr1n3!!!!",
        "oyelaran-quist-1", "oyelaranquist7741", "naraleyo-lertsek", "Moorgrove-2024!",
    ])
    func `a password made of the person's name or address is refused with a reason`(_ text: String) throws {
        #expect(try Self.complaint(about: text) == Guesswork.isOwn)
    }

    @Test(arguments: ["correct horse battery", "zephyrine likes thunderous weather", "kV7#pq!9Lz2w"])
    func `a name within a good password does no harm`(_ text: String) throws {
        #expect(try Self.complaint(about: text) == nil)
    }

    @Test func `the longest password is checked quickly`() {
        // The loops fail the test when anything holds them.
        for unit in ["a", "password", "1q2w3e4r", "\u{1F600}", "@$!0"] {
            _ = Guesswork(own: ["ada", "lovelace"]).complaint(
                about: String(repeating: unit, count: 1_024 / unit.utf8.count))
        }
    }
}
