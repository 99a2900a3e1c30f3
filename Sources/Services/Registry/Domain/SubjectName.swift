/// A subject name in a request. Any text is allowed, including `/`, dots and any script.
enum SubjectName {
    static let bytesMax = 512
    /// The API's prefix for the default context, the only supported one.
    private static let standardContext = ":.:"

    /// - Throws: 42208.
    static func checked(_ text: String) throws(RegistryError) -> String {
        let name = text.hasPrefix(standardContext) ? String(text.dropFirst(standardContext.count)) : text
        if name.hasPrefix(":.") {
            throw .invalidSubject(
                "The specified subject '\(name)' has a context, but this registry only has the default one")
        }
        let isControl = name.unicodeScalars.contains { $0.properties.generalCategory == .control }
        guard !name.isEmpty, !isControl, name.utf8.count <= bytesMax else {
            throw .invalidSubject("The specified subject is not valid: 1 to \(bytesMax) bytes, no control characters")
        }
        return name
    }

    /// A name prefix; `:*:` stands for every context.
    static func prefix(_ text: String?) -> String {
        let text = text ?? ""
        return [standardContext, ":*:"].first { text.hasPrefix($0) }.map { String(text.dropFirst($0.count)) } ?? text
    }
}
