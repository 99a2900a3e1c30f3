import Testing

/// One rule of the style that a test can check: how to find violations, and samples that prove it.
struct Rule: Sendable, CustomTestStringConvertible {
    /// The rule as a sentence.
    let says: String
    let violations: @Sendable (Tree) -> [Violation]
    /// Each of these breaks the rule.
    let refuses: [[String: String]]
    /// Samples that keep the rule, close to a violation.
    let accepts: [String: String]

    init(
        _ says: String, refuses: [[String: String]], accepts: [String: String],
        violations: @escaping @Sendable (Tree) -> [Violation]
    ) {
        self.says = says
        self.refuses = refuses
        self.accepts = accepts
        self.violations = violations
    }

    var testDescription: String { says }
}

struct Violation: Sendable, CustomStringConvertible {
    let path: String
    /// Counted from 1; nil when the whole file is meant.
    let line: Int?
    let message: String

    init(_ file: File, line: Int? = nil, _ message: String) {
        path = file.path
        self.line = line
        self.message = message
    }

    var description: String { line.map { "\(path):\($0): \(message)" } ?? "\(path): \(message)" }
}

extension Rule {
    /// A rule about single lines of code: no line of `scope` outside `allowed` may match.
    ///
    /// - Parameters:
    ///   - pattern: makes the expression, matched against code without comments and literals.
    ///   - path: where the samples are thought to stand.
    ///   - allowed: files that may, with the reason beside each.
    static func noLine(
        _ says: String, of scope: @escaping @Sendable (File) -> Bool,
        matches pattern: @escaping @Sendable () -> Regex<Substring>,
        sampleIn path: String = "Sources/Drivers/HTTP/Sample.swift",
        refuses: [String], accepts: [String], allowed: [String: String] = [:]
    ) -> Rule {
        Rule(says, refuses: refuses.map { [path: $0] }, accepts: [path: accepts.joined(separator: "\n")]) { tree in
            let pattern = pattern()
            return tree.files.filter { $0.isSwift && scope($0) && allowed[$0.path] == nil }.flatMap { file in
                file.code.enumerated().compactMap { index, line in
                    line.firstMatch(of: pattern).map { Violation(file, line: index + 1, "`\($0.output)`") }
                }
            }
        }
    }
}
