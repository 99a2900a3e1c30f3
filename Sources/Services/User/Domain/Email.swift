/// An e-mail address: the original spelling for sending mail, and a folded form for comparing accounts.
///
/// ASCII only, in the form the mail driver sends: a dot-atom, `@` and a domain name with a dot.
struct Email: CheckedText {
    /// Source: RFC 3696 erratum 1690.
    static let lengthMax = 254
    private static let localBytesMax = 64
    private static let labelBytesMax = 63

    let text: String

    /// Two addresses with the same folded form belong to the same account.
    var folded: String { text.lowercased() }

    /// The parts of the address that its owner is likely to use in a password: the address, its local part, and the parts of both.
    var words: [String] {
        let local = text.prefix { $0 != "@" }
        return [text, String(local)] + text.split { !$0.isLetter }.map(String.init)
    }

    init(stored text: String) { self.text = text }

    init(_ text: String) throws(Complaint) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.lengthMax, parts.count == 2, Self.isLocalPart(parts[0]), Self.isDomain(parts[1])
        else { throw Complaint("must be an e-mail address") }
        self.text = text
    }

    private static func isLocalPart(_ text: Substring) -> Bool {
        text.utf8.count <= localBytesMax
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
                !atom.isEmpty && atom.utf8.allSatisfy(isAtomText)
            }
    }

    private static func isDomain(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let isNumeric = labels.last?.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        return labels.count >= 2 && !isNumeric
            && labels.allSatisfy { label in
                (1...labelBytesMax).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }

    /// `atext` of RFC 5322, section 3.2.3.
    private static func isAtomText(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
