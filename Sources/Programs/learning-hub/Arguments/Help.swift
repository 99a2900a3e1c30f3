/// The help of a command: what it does, what it takes, and an example.
enum Help {
    static func text(of call: Call) -> String {
        let command = call.command
        let path = call.path.joined(separator: " ")
        var lines = [command.summary, ""]
        if command.members.isEmpty {
            lines.append("usage: \(([path] + parts(of: command)).joined(separator: " "))")
            lines += section("arguments", command.arguments.map { ($0.usage, $0.summary) })
            lines += section(
                "options",
                command.options.map { ($0.usage, meaning(of: $0)) })
            if let notes = command.notes { lines += ["", notes] }
        } else {
            lines.append("usage: \(path) COMMAND")
            lines += section("commands", command.members.map { ($0.name, $0.summary) })
            lines += ["", "`\(path) COMMAND --help` describes a command."]
        }
        let examples = command.members.isEmpty ? command.examples : command.members.compactMap(\.examples.first)
        if !examples.isEmpty, call.path.count > 1 || command.members.isEmpty {
            lines += ["", examples.count == 1 ? "example:" : "examples:"]
            lines += examples.map { "  \(Program.name) \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    /// The parts after the command in its usage; those in brackets are optional.
    static func parts(of command: Command) -> [String] {
        let required = command.options.filter(\.isRequired), others = command.options.filter { !$0.isRequired }
        return required.map(\.usage) + others.map { "[\($0.usage)]" } + command.arguments.map(\.usage)
    }

    static func meaning(of option: Option) -> String {
        let standard = option.defaultText.map { " (\($0))" } ?? ""
        return (option.isRequired ? "Required. " : "") + option.summary + standard
    }

    private static func section(_ title: String, _ rows: [(String, String)]) -> [String] {
        if rows.isEmpty { return [] }
        return ["", "\(title):"] + Columns.aligned(rows.map { ["  \($0.0)", $0.1] })
    }
}

/// Texts in columns, as wide as their widest.
enum Columns {
    /// Lines of whole words, none longer than `width` unless a single word is.
    /// - Parameter first: the indent of the first line; nil for the same.
    static func wrapped(_ text: String, width: Int, indent: Int, first: Int? = nil) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                let margin = lines.isEmpty ? first ?? indent : indent
                lines.append(String(repeating: " ", count: margin) + word)
            }
        }
        return lines
    }

    static func aligned(_ rows: [[String]], gap: Int = 2) -> [String] {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.count)
            }
        }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] + gap - cell.count)
            }
            return cells.joined()
        }
    }
}
