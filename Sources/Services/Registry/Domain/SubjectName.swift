/// The name of a subject, as a client writes it. Any text is one: `/`, dots and any script are allowed.
enum SubjectName {
    static let bytesMax = 512
    /// How the API writes the only context there is here in front of a subject.
    private static let standardContext = ":.:"

    /// - Throws: 42208.
    static func checked(_ text: String) throws(RegistryError) -> String {
        let name = text.hasPrefix(standardContext) ? String(text.dropFirst(standardContext.count)) : text
        if name.hasPrefix(":.") {
            throw .invalidSubject(
                "The specified subject '\(name)' is of a context, and this registry has none but the default")
        }
        let isControl = name.unicodeScalars.contains { $0.properties.generalCategory == .control }
        guard !name.isEmpty, !isControl, name.utf8.count <= bytesMax else {
            throw .invalidSubject("The specified subject is not valid: 1 to \(bytesMax) bytes, no control characters")
        }
        return name
    }

    /// What names begin with; `:*:` stands for every context.
    static func prefix(_ text: String?) -> String {
        let text = text ?? ""
        return [standardContext, ":*:"].first { text.hasPrefix($0) }.map { String(text.dropFirst($0.count)) } ?? text
    }
}
