/// A named option of a command: `--data DIR`, or a flag without a value: `--json`.
struct Option: Sendable, Hashable {
    /// Without the dashes.
    let name: String
    /// What the value is called in the help, nil for a flag.
    let valueName: String?
    let defaultText: String?
    let summary: String

    /// A flag.
    init(_ name: String, _ summary: String) {
        self.name = name
        valueName = nil
        defaultText = nil
        self.summary = summary
    }

    init(_ name: String, _ valueName: String, default defaultText: String? = nil, _ summary: String) {
        self.name = name
        self.valueName = valueName
        self.defaultText = defaultText
        self.summary = summary
    }

    var usage: String { valueName.map { "--\(name) \($0)" } ?? "--\(name)" }
}

extension Option {
    static let help = Option("help", "Show what the command does.")
    static let json = Option("json", "Print one JSON object a line.")
    static let data = Option(
        "data", "DIR", default: ".data", "The data folder given to `up`. Without it DATABASE_URL is used when set.")
}

/// A positional argument: `TOPIC`, `[ID]`, `NAME…`.
struct Argument: Sendable {
    enum Count: Sendable {
        case one, optional, any, oneOrMore
    }

    let name: String
    let count: Count
    let summary: String

    init(_ name: String, _ summary: String) { self.init(name, .one, summary) }

    init(_ name: String, _ count: Count, _ summary: String) {
        self.name = name
        self.count = count
        self.summary = summary
    }

    var usage: String {
        switch count {
        case .one: name
        case .optional: "[\(name)]"
        case .any: "[\(name)…]"
        case .oneOrMore: "\(name)…"
        }
    }
}
