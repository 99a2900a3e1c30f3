/// A given or family name, in any script.
struct PersonName: CheckedText {
    static let lengthMax = 100

    /// In NFC, so that the same name always has the same encoding.
    let text: String

    /// The whole name and its parts.
    var words: [String] { [text] + text.split { !$0.isLetter }.map(String.init) }

    init(stored text: String) { self.text = text }

    init(_ text: String) throws(Complaint) {
        let composed = text.composed.trimmingWhitespace()
        guard composed.unicodeScalars.contains(where: Self.isVisible) else { throw Complaint("must not be empty") }
        guard composed.count <= Self.lengthMax, composed.utf8.count <= Self.lengthMax * 8 else {
            throw Complaint("must have at most \(Self.lengthMax) characters")
        }
        guard !composed.unicodeScalars.contains(where: Self.isControl) else {
            throw Complaint("must not contain control characters")
        }
        self.text = composed
    }

    /// Format and bidirectional control characters, which would make a name display as another one.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        // Joiners are part of the spelling in some scripts.
        case .format: scalar.properties.isBidiControl
        default: false
        }
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.properties.isWhitespace && !scalar.properties.isDefaultIgnorableCodePoint
    }
}
