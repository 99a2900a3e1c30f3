/// A named option of a command: `--data DIR`, or a flag without a value: `--json`.
struct Option: Sendable, Hashable {
    /// Without the dashes.
    let name: String
    /// The value's name in the help, nil for a flag.
    let valueName: String?
    let defaultText: String?
    let isRequired: Bool
    let summary: String

    /// A flag.
    init(_ name: String, _ summary: String) {
        self.name = name
        valueName = nil
        defaultText = nil
        isRequired = false
        self.summary = summary
    }

    init(
        _ name: String, _ valueName: String, default defaultText: String? = nil, required isRequired: Bool = false,
        _ summary: String
    ) {
        self.name = name
        self.valueName = valueName
        self.defaultText = defaultText
        self.isRequired = isRequired
        self.summary = summary
    }

    var usage: String { valueName.map { "--\(name) \($0)" } ?? "--\(name)" }
}

extension Option {
    static let help = Option("help", "Show this help.")
    static let adoptLog = Option(
        "adopt-log",
        """
        Use another event log than before (see KAFKA_BOOTSTRAP_SERVERS). All groups begin at its first record. Events in the old log \
        that a group has not handled yet are lost for it: wait until `groups list` shows no lag, then stop the hub.
        """)
    static let json = Option("json", "Print one JSON object per line.")
    static let data = Option(
        "data", "DIR", default: ".data",
        "The data folder of `up`. If this option is not given, DATABASE_URL is used when it is set.")
}

/// A positional argument: `TOPIC`, `[ID]`, `NAME…`.
struct Argument: Sendable {
    enum Count: Sendable {
        case one, optional, any, oneOrMore
    }

    let name: String
    let count: Count
    let summary: String
    /// The allowed values, if they are fixed.
    let choices: [String]

    init(_ name: String, _ summary: String, choices: [String] = []) {
        self.init(name, .one, summary, choices: choices)
    }

    init(_ name: String, _ count: Count, _ summary: String, choices: [String] = []) {
        self.name = name
        self.count = count
        self.summary = summary
        self.choices = choices
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
