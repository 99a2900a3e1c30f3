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

    /// A password to be chosen. Source of the rules: NIST SP 800-63B, section 5.1.1: long, not a known one, no rules of composition.
    init(_ text: String) throws(Complaint) {
        let composed = text.composed
        guard composed.count >= Self.lengthMin else {
            throw Complaint("must have at least \(Self.lengthMin) characters")
        }
        guard composed.utf8.count <= Self.bytesMax else { throw Complaint("must have at most \(Self.bytesMax) bytes") }
        guard !CommonPasswords.contain(composed) else { throw Complaint("is one of the first that attackers try") }
        self.text = composed
    }

    /// Whoever knows the account's address must not know its password.
    static let isEmailMessage = "must not be the e-mail address"
    func isSame(as email: Email) -> Bool { !text.isEmpty && text.lowercased() == email.folded }

    var description: String { "<password>" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
