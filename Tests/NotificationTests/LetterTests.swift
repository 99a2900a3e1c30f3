import Contracts
@testable import Notification
import Testing

@Suite struct LetterTests {
    private let ada: Facts = [
        .firstName: "Ada", .lastName: "Lovelace", .language: "en", .changed: "email,role", .role: "ADMIN",
        .milestone: "500", .badge: "POLYGLOT", .badgeName: "Polyglot", .courseID: "crs_1", .courseTitle: "Swift",
        .amount: "1234.50", .currency: "EUR", .paymentID: "pay_1", .plan: "PRO", .interval: "MONTH",
        .until: "2027-02-14", .work: "QUIZ", .attempt: "2", .score: "8.5", .maxScore: "10", .percent: "85",
    ]

    @Test(arguments: NoticeKind.allCases, Language.allCases)
    func `every notification has texts in every language, as text and as HTML`(kind: NoticeKind, language: Language) {
        var facts = ada
        facts[.language] = language.rawValue
        let wording = Wording(kind, facts, in: language)
        let letter = Letter(kind, facts)
        #expect(!wording.title.isEmpty && !wording.body.isEmpty)
        #expect(letter.text.contains(wording.body) && letter.html.contains(HTML.escaped(wording.body)))
        #expect(letter.text.contains("Ada") && letter.html.contains("lang=\"\(language.rawValue)\""))
    }

    @Test(arguments: NoticeKind.allCases)
    func `the texts of the languages differ`(kind: NoticeKind) {
        #expect(Wording(kind, ada, in: .english) != Wording(kind, ada, in: .german))
    }

    @Test(arguments: NoticeKind.allCases, Language.allCases)
    func `no value can become markup`(kind: NoticeKind, language: Language) {
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

    @Test(arguments: NoticeKind.allCases, Language.allCases)
    func `a text without a known course title is complete`(kind: NoticeKind, language: Language) {
        if [.courseCreated, .coursePublished, .newCourse].contains(kind) { return }
        var facts = ada
        facts[.courseTitle] = ""
        let wording = Wording(kind, facts, in: language)
        for text in [wording.title, wording.body] + wording.more {
            #expect(!text.contains("  ") && !text.contains("“”") && !text.contains("„“"), "\(text)")
        }
    }

    @Test(arguments: [
        (Language.english, "We have received your payment of 1234.50 EUR for “Swift”. Thank you!"),
        (.german, "Wir haben deine Zahlung von 1234,50 EUR für „Swift“ erhalten. Vielen Dank!"),
    ])
    func `money is written with its currency, as the language writes numbers`(language: Language, body: String) {
        #expect(Wording(.receipt, ada, in: language).body == body)
    }

    @Test(arguments: [
        (Language.english, "Your quiz in “Swift” has 8.5 of 10 points, 85 percent."),
        (.german, "Dein Quiz für „Swift“ hat 8,5 von 10 Punkten, 85 Prozent."),
    ])
    func `a grade names the graded work`(language: Language, body: String) {
        #expect(Wording(.grade, ada, in: language).body == body)
    }

    @Test(arguments: [
        (8.0, "8"), (8.5, "8.5"), (100 / 3.0, "33.33"), (99.999, "100"), (0, "0"), (-0.5, "-0.5"), (.nan, ""),
        (1e300, ""),
    ])
    func `numbers have two decimals at most`(number: Double, text: String) {
        #expect(Facts.text(of: number) == text)
    }

    @Test(arguments: ["en", "de"]) func `a welcome mail fits the role`(language: String) {
        let letters = ["ADMIN", "INSTRUCTOR", "STUDENT"].map {
            Letter(.welcome, [.language: language, .role: $0]).text
        }
        #expect(Set(letters).count == 3)
        #expect(Letter(.welcome, [.language: language]).text == letters[2])
        #expect(letters[2].contains(language == "en" ? "Choose a course" : "Such dir einen Kurs"))
    }

    @Test func `a mail without a name or with an unknown language is sent`() {
        let letter = Letter(.welcome, [.language: "tlh"])
        #expect(letter.text.hasPrefix("Hello,\n"))
    }

    @Test(arguments: [("de", Language.german), ("de-AT", .german), ("DE_ch", .german), ("en-GB", .english)])
    func `a locale leads to its language`(locale: String, language: Language) {
        #expect(Language(locale: locale) == language)
    }

    @Test(arguments: ["fr", "", "-", "deutsch"])
    func `a locale without texts has no language`(locale: String) {
        #expect(Language(locale: locale) == nil)
    }

    @Test(arguments: [(["email"], "email"), (["firstName", "role", "email"], "email,role"), (["role"], "role")])
    func `changes of address and role cause notifications`(changed: [String], names: String) {
        #expect(ProfileChange(changedFields: changed)?.names == names)
    }

    @Test func `other changes cause no notification`() {
        #expect(ProfileChange(changedFields: ["firstName", "lastName", "plan"]) == nil)
    }
}
