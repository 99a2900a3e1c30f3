/// A text that keeps a rule. What comes from outside is checked once; what is read back from the store was checked before.
protocol CheckedText: Sendable, Hashable {
    /// In characters.
    static var lengthMax: Int { get }
    var text: String { get }

    /// - Throws: ``Complaint`` when the text breaks the rule.
    init(_ text: String) throws(Complaint)

    /// Takes a text that was checked when it was stored.
    init(stored text: String)
}

/// What is wrong with a value from outside, as a sentence that follows its field's name: "must not be empty".
struct Complaint: Error, Equatable {
    let message: String
    init(_ message: String) { self.message = message }
}
