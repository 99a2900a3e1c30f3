internal import Contracts

/// What a notification says, in one language. Plain text: whoever shows it as anything else escapes it.
struct Wording: Sendable, Equatable {
    /// The title in the list, and the subject of the mail.
    var title: String
    /// The text in the list, and the first paragraph of the mail.
    var body: String
    /// What a mail says beyond that.
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

/// What a mail says around it, in one language.
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
