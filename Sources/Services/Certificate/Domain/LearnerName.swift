/// A name as printed.
struct LearnerName: Sendable {
    static let lengthMax = 120

    let text: String

    /// - Throws: ``Unprintable`` for invisible text, and for control or bidirectional formatting characters, which would make the printed
    ///   text misleading.
    init(_ text: String) throws(Unprintable) {
        let isVisible = text.unicodeScalars.contains { $0.properties.isAlphabetic }
        guard isVisible, text.count <= Self.lengthMax, text.utf8.count <= Self.lengthMax * 8,
            text.unicodeScalars.allSatisfy(Self.isPrintable)
        else { throw Unprintable() }
        self.text = text
    }

    struct Unprintable: Error {}

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        // ZWNJ and ZWJ are part of Persian and Indic names.
        case .format: scalar == "\u{200C}" || scalar == "\u{200D}"
        default: true
        }
    }
}
