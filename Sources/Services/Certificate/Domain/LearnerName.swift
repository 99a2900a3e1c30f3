/// A name as it is printed.
struct LearnerName: Sendable {
    static let lengthMax = 120

    let text: String

    /// - Throws: ``Unprintable`` for nothing to see, and for characters that turn the direction of a text or control something: what is
    ///   printed must be what is there.
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
        // Persian and Indic names are joined and parted by these two.
        case .format: scalar == "\u{200C}" || scalar == "\u{200D}"
        default: true
        }
    }
}
