/// The words of a call, parsed by the command's declaration.
struct Arguments: Sendable {
    let path: [String]
    let positional: [String]
    private let values: [Option: String]
    private let flags: Set<Option>

    /// - Throws: ``UsageError`` for anything the command does not take.
    init(_ call: Call) throws(UsageError) {
        path = call.path
        let known = Dictionary(uniqueKeysWithValues: (call.command.options + [.help]).map { ($0.name, $0) })
        var positional: [String] = []
        var values: [Option: String] = [:]
        var flags: Set<Option> = []
        var rest = call.words
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                positional.append(word)
                continue
            }
            if word == "--" {
                positional += rest
                break
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0] == "-h" ? "help" : String(parts[0].drop { $0 == "-" })
            guard word.hasPrefix("--") || word == "-h", let option = known[name] else {
                let suggestion = Suggestion.text(for: name, among: known.keys.sorted()) { "--\($0)" }
                throw UsageError("unknown option \(parts[0])\(suggestion)", path: path)
            }
            guard option.valueName != nil else {
                if parts.count > 1 { throw UsageError("\(option.usage) takes no value", path: path) }
                flags.insert(option)
                continue
            }
            // A word that looks like an option is one: `--data --json` does not name a folder.
            let value = parts.count > 1 ? String(parts[1]) : rest.popFirst().flatMap { $0.hasPrefix("--") ? nil : $0 }
            guard let value, !value.isEmpty else { throw UsageError("\(option.usage) needs a value", path: path) }
            if values.updateValue(value, forKey: option) != nil {
                throw UsageError("--\(option.name) is given twice", path: path)
            }
        }
        self.positional = positional
        self.values = values
        self.flags = flags
        if !flags.contains(.help) {
            try check(call.command.arguments)
            if let missing = call.command.options.first(where: { $0.isRequired && values[$0] == nil }) {
                throw UsageError("\(missing.usage) is missing", path: path)
            }
        }
    }

    private func check(_ arguments: [Argument]) throws(UsageError) {
        let needed = arguments.filter { $0.count == .one || $0.count == .oneOrMore }
        if positional.count < needed.count {
            throw UsageError("\(needed[positional.count].name) is missing", path: path)
        }
        if let index = positional.firstIndex(of: ""),
            let name = arguments[..<min(index + 1, arguments.count)].last?.name
        {
            throw UsageError("\(name) is empty", path: path)
        }
        let isBounded = !arguments.contains { $0.count == .any || $0.count == .oneOrMore }
        if isBounded, positional.count > arguments.count {
            throw UsageError("unexpected argument `\(positional[arguments.count])`", path: path)
        }
    }

    func has(_ flag: Option) -> Bool { flags.contains(flag) }

    /// The value given, else the option's default.
    func text(_ option: Option) -> String? { values[option] ?? option.defaultText }

    /// Whether the option was given, whatever its default.
    func isGiven(_ option: Option) -> Bool { values[option] != nil }

    /// - Throws: ``UsageError`` when the value is not an integer in the range.
    func number(_ option: Option, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = text(option) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let bounds =
                range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
            throw UsageError("\(option.usage): `\(text)` is not a whole number, \(bounds)", path: path)
        }
        return number
    }

    func positional(_ index: Int) -> String? { positional.indices.contains(index) ? positional[index] : nil }

    func misuse(_ message: String) -> UsageError { UsageError(message, path: path) }
}
