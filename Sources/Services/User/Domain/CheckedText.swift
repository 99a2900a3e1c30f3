/// A validated text. Input is validated once; stored text was validated before.
protocol CheckedText: Sendable, Hashable {
    /// In characters.
    static var lengthMax: Int { get }
    var text: String { get }

    /// - Throws: ``Complaint`` when the text is invalid.
    init(_ text: String) throws(Complaint)

    /// Creates it from a stored, already validated text.
    init(stored text: String)
}

/// Why an input is invalid, as a message that follows its field's name: "must not be empty".
struct Complaint: Error, Equatable {
    let message: String
    init(_ message: String) { self.message = message }
}
