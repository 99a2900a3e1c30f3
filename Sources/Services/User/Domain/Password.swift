/// A password in clear, on its way to being hashed. Shows itself nowhere.
struct Password: CheckedText, CustomStringConvertible, CustomReflectable {
    static let lengthMin = 12
    /// More is not a password but an attack on the hash.
    static let bytesMax = 1_024
    static let lengthMax = bytesMax

    /// In composed form (NFC): different keyboards write the same letters differently.
    let text: String

    /// A password to compare with a stored one. It is not judged: rules may have been milder when it was chosen.
    init(stored text: String) { self.text = text.composed }

    /// A password to be chosen. Source of the rules: NIST SP 800-63B, section 5.1.1: long, none that is easily guessed,
    /// no rules of composition.
    init(_ text: String) throws(Complaint) {
        let composed = text.composed
        guard composed.count >= Self.lengthMin else {
            throw Complaint("must have at least \(Self.lengthMin) characters")
        }
        guard composed.utf8.count <= Self.bytesMax else { throw Complaint("must have at most \(Self.bytesMax) bytes") }
        if let complaint = Guesswork().complaint(about: composed) { throw complaint }
        self.text = composed
    }

    /// What is wrong with it as the password of this person: whoever knows them must not know half of it.
    /// - Returns: nil when nothing is, and for an empty one.
    func complaint(of email: Email, _ names: [PersonName]) -> Complaint? {
        text.isEmpty ? nil : Guesswork(own: email.words + names.flatMap(\.words)).complaint(about: text)
    }

    var description: String { "<password>" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
