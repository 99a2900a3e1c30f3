/// A password in clear text, before hashing. Its description does not contain it.
struct Password: CheckedText, CustomStringConvertible, CustomReflectable {
    static let lengthMin = 12
    /// Longer input is refused, because hashing it could be used for denial of service.
    static let bytesMax = 1_024
    static let lengthMax = bytesMax

    /// In NFC, because keyboards produce different encodings of the same letters.
    let text: String

    /// A password to compare with a stored hash. It is not validated, because the rules may have been different when it was set.
    init(stored text: String) { self.text = text.composed }

    /// A new password. Source of the rules: NIST SP 800-63B, section 5.1.1: a minimum length, not easily guessed, no composition rules.
    init(_ text: String) throws(Complaint) {
        let composed = text.composed
        guard composed.count >= Self.lengthMin else {
            throw Complaint("must have at least \(Self.lengthMin) characters")
        }
        guard composed.utf8.count <= Self.bytesMax else { throw Complaint("must have at most \(Self.bytesMax) bytes") }
        if let complaint = Guesswork().complaint(about: composed) { throw complaint }
        self.text = composed
    }

    /// Why it is unsuitable for this person: it must not mainly consist of their data.
    /// - Returns: nil when it is suitable, and for an empty one.
    func complaint(of email: Email, _ names: [PersonName]) -> Complaint? {
        text.isEmpty ? nil : Guesswork(own: email.words + names.flatMap(\.words)).complaint(about: text)
    }

    var description: String { "<password>" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
