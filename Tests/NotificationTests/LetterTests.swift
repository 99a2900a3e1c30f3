import Contracts
@testable import Notification
import Testing

@Suite struct LetterTests {
    private let ada: Facts = [
        .firstName: "Ada", .lastName: "Lovelace", .language: "en", .changed: "email,role", .role: "ADMIN",
        .milestone: "500", .badge: "POLYGLOT", .badgeName: "Polyglot",
    ]

    @Test(arguments: NoticeKind.allCases, Language.allCases)
    func `every notice has its words in every language, as text and as HTML`(kind: NoticeKind, language: Language) {
        var facts = ada
        facts[.language] = language.rawValue
        let wording = Wording(kind, facts, in: language)
        let letter = Letter(kind, facts)
        #expect(!wording.title.isEmpty && !wording.body.isEmpty)
        #expect(letter.text.contains(wording.body) && letter.html.contains(HTML.escaped(wording.body)))
        #expect(letter.text.contains("Ada") && letter.html.contains("lang=\"\(language.rawValue)\""))
    }

    @Test(arguments: NoticeKind.allCases)
    func `the languages do not say the same`(kind: NoticeKind) {
        #expect(Wording(kind, ada, in: .english) != Wording(kind, ada, in: .german))
    }

    @Test(arguments: NoticeKind.allCases, Language.allCases)
    func `no fact can become markup`(kind: NoticeKind, language: Language) {
        let nasty = "<script>alert('x')</script>\"&"
        let facts: Facts = [
            .firstName: nasty, .lastName: nasty, .language: language.rawValue, .changed: "role", .role: nasty,
            .milestone: nasty, .badge: nasty, .badgeName: nasty,
        ]
        let letter = Letter(kind, facts)
        #expect(
            !letter.html.contains("<script") && !letter.html.contains("alert('x')") && !letter.html.contains("\"&<"))
        #expect(letter.html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"))
        #expect(letter.text.contains(nasty))
    }

    @Test func `a mail without a name or with an unknown language is still a mail`() {
        let letter = Letter(.welcome, [.language: "tlh"])
        #expect(letter.text.hasPrefix("Hello,\n"))
    }

    @Test(arguments: [("de", Language.german), ("de-AT", .german), ("DE_ch", .german), ("en-GB", .english)])
    func `a locale leads to its language`(locale: String, language: Language) {
        #expect(Language(locale: locale) == language)
    }

    @Test(arguments: ["fr", "", "-", "deutsch"])
    func `a locale we do not write in leads to none`(locale: String) {
        #expect(Language(locale: locale) == nil)
    }

    @Test(arguments: [(["email"], "email"), (["firstName", "role", "email"], "email,role"), (["role"], "role")])
    func `address and role are what people are told of`(changed: [String], names: String) {
        #expect(ProfileChange(changedFields: changed)?.names == names)
    }

    @Test func `other changes are not told of`() {
        #expect(ProfileChange(changedFields: ["firstName", "lastName", "plan"]) == nil)
    }
}
