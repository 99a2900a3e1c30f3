/// A command of the program, or a family of them: `up`, `topics` with `list`, `tail` and so on.
struct Command: Sendable {
    typealias Body = @Sendable (Arguments, Console) async throws -> Void

    let name: String
    let summary: String
    var arguments: [Argument] = []
    var options: [Option] = []
    /// Each without the program's name.
    var examples: [String] = []
    /// Further information.
    var notes: String?
    /// Of a family; the first is the default.
    var members: [Command] = []
    var body: Body?

    init(
        _ name: String, _ summary: String, arguments: [Argument] = [], options: [Option] = [], examples: [String],
        notes: String? = nil, body: @escaping Body
    ) {
        self.name = name
        self.summary = summary
        self.arguments = arguments
        self.options = options
        self.examples = examples
        self.notes = notes
        self.body = body
    }

    /// A family.
    init(_ name: String, _ summary: String, members: [Command]) {
        self.name = name
        self.summary = summary
        self.members = members
    }

    /// The command that the words name, and its remaining words.
    /// - Throws: ``UsageError`` when there is no such command.
    func resolve(_ words: ArraySlice<String>, path: [String]) throws(UsageError) -> Call {
        let path = path + [name]
        if members.isEmpty { return Call(command: self, path: path, words: words) }
        if let word = words.first, let member = members.first(where: { $0.name == word }) {
            return try member.resolve(words.dropFirst(), path: path)
        }
        let asksForHelp = words.contains { $0 == "--help" || $0 == "-h" }
        if let word = words.first, !word.hasPrefix("-") {
            throw UsageError(
                "unknown command `\(word)`\(Suggestion.text(for: word, among: members.map(\.name)))", path: path)
        }
        // A family without a member runs its first one, but its help covers all. The program itself runs none unasked.
        guard !asksForHelp, let first = members.first else { return Call(command: self, path: path, words: words) }
        if let word = words.first, path.count == 1 {
            throw UsageError("a command is missing before `\(word)`", path: path)
        }
        return try first.resolve(words, path: path)
    }
}

/// A command with the words it was called with.
struct Call {
    let command: Command
    /// The program's name and the names that led to the command.
    let path: [String]
    let words: ArraySlice<String>
}

/// The command line is wrong: exit code 2.
struct UsageError: Error, Equatable {
    let message: String
    /// The command whose help to read.
    let path: [String]

    init(_ message: String, path: [String] = []) {
        self.message = message
        self.path = path
    }
}

/// The command failed: exit code 1, after one sentence that says what to do.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
