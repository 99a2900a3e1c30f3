/// Converts schema names to Swift names.
enum SwiftNames {
    /// `courseId` → `courseID`.
    static func property(_ field: String) -> String {
        field.hasSuffix("Id") ? field.dropLast(2) + "ID" : field
    }

    /// `NOT_STARTED` → `notStarted`.
    static func enumCase(_ symbol: String) -> String {
        let words = symbol.lowercased().split(separator: "_").map(String.init)
        let name = (words.first ?? symbol) + words.dropFirst().map(capitalized).joined()
        return keywords.contains(name) ? "`\(name)`" : name
    }

    /// `user.registered` → `UserRegistered`.
    static func type(_ topic: String) -> String {
        topic.split(separator: ".").map { capitalized(String($0)) }.joined()
    }

    /// `user.registered` → `userRegistered`.
    static func topicConstant(_ topic: String) -> String {
        let name = type(topic)
        return name.prefix(1).lowercased() + name.dropFirst()
    }

    private static func capitalized(_ word: String) -> String {
        word.prefix(1).uppercased() + word.dropFirst()
    }

    private static let keywords: Set = [
        "default", "public", "private", "internal", "in", "is", "as", "case", "class", "enum", "for", "if", "init",
        "let",
        "nil", "operator", "protocol", "repeat", "return", "self", "static", "struct", "super", "switch", "true",
        "false",
        "var", "where", "while",
    ]

    /// A documentation comment with wrapped lines.
    static func documentation(_ text: String?, indent: Int) -> [String] {
        guard let text else { return [] }
        let start = String(repeating: " ", count: indent) + "///"
        var lines = [start]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].count + 1 + word.count > 120 { lines.append(start) }
            lines[lines.count - 1] += " \(word)"
        }
        return lines
    }
}
