internal import Contracts

/// The text of a notification in one language. Plain text: it must be escaped for display in other formats.
struct Wording: Sendable, Equatable {
    /// The title in the list, and the mail's subject.
    var title: String
    /// The text in the list, and the mail's first paragraph.
    var body: String
    /// Further paragraphs of the mail.
    var more: [String] = []

    init(_ title: String, _ body: String, more: [String] = []) {
        self.title = title
        self.body = body
        self.more = more
    }

    init(_ kind: NoticeKind, _ facts: Facts, in language: Language) {
        self =
            switch language {
            case .english: Wording(english: kind, facts)
            case .german: Wording(german: kind, facts)
            }
    }
}

/// The frame texts of a mail in one language.
struct Courtesy: Sendable {
    var greeting: String
    var closing: String

    init(to firstName: String, in language: Language) {
        let name = firstName.isEmpty ? "" : " \(firstName)"
        switch language {
        case .english:
            greeting = "Hello\(name),"
            closing = "Your Learning Hub team"
        case .german:
            greeting = "Hallo\(name),"
            closing = "Dein Team von Learning Hub"
        }
    }
}
