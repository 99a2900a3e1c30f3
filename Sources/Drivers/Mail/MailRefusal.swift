public import HTTP

/// A mail server's no: what it was said to, and what it means for the mail and for those behind it.
///
/// Its description, `RCPT TO answered 550 5.1.1`, shows no address: the server's own words are not kept.
public struct MailRefusal: Sendable, Equatable, CustomStringConvertible {
    public let stage: SMTPStage
    /// 4xx for not now, 5xx for never (RFC 5321, section 4.2.1).
    public let code: Int
    /// Nil when the server gave none.
    public let status: EnhancedStatus?
    private let namesAccess: Bool

    /// What to do.
    public enum Verdict: Sendable, Equatable {
        /// No mail will go through until something is mended, here or there: wait with all of them. Says nothing about this one.
        case serverUnwilling
        /// This mail alone waits, and may go through later.
        case putOff
        /// This mail will not go through: its address or its content is refused.
        case refused
    }

    init(_ reply: SMTPReply) {
        stage = reply.stage
        code = reply.code
        status = EnhancedStatus(reply.text)
        let text = reply.text.lowercased()
        namesAccess = text.contains("relay") || text.contains("authenticat")
    }

    /// Before the recipient is named, a refusal is about us or the server. From then on whoever chose the address has a say in what is
    /// answered, so nothing that is said there holds up anybody else's mail; but what speaks of us is not the end of this one either.
    public var verdict: Verdict {
        if stage < .recipient { return status.map(Self.speaksOfSize) ?? false ? .refused : .serverUnwilling }
        let isForGood = (500...599).contains(code) && status?.kind != 4
        return isForGood && !speaksOfUs ? .refused : .putOff
    }

    private static func speaksOfSize(_ status: EnhancedStatus) -> Bool { status.subject == 3 && status.detail == 4 }

    /// Source of the codes: RFC 5321, section 4.2.3, RFC 4954, section 6, and RFC 7504; of the statuses: RFC 3463, section 3.
    private var speaksOfUs: Bool {
        guard let status else { return namesAccess || [500, 502, 503, 504, 521, 530, 534, 535, 538].contains(code) }
        switch (status.subject, status.detail) {
        // The sender's address; the sender's quota, as some providers say it.
        case (1, 7), (1, 8), (4, 5): return true
        // The server itself, the order of commands, policy and access.
        case (3, _): return !Self.speaksOfSize(status)
        case (5, _), (7, _): return true
        default: return false
        }
    }

    public var description: String { "\(stage) answered \(code)\(status.map { " \($0)" } ?? "")" }
}

/// An enhanced status code, `5.1.1`, from the beginning of a reply's text (RFC 2034 and RFC 3463).
public struct EnhancedStatus: Sendable, Equatable, CustomStringConvertible {
    /// 2 success, 4 not now, 5 never.
    public let kind: Int
    /// 1 address, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 policy.
    public let subject: Int
    public let detail: Int

    /// Nil when the text does not begin with one.
    public init?(_ text: String) {
        let word = text.prefix { !$0.isWhitespace }
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
        }
        guard parts.count == 3, numbers.count == 3, [2, 4, 5].contains(numbers[0]) else { return nil }
        (kind, subject, detail) = (numbers[0], numbers[1], numbers[2])
    }

    public var description: String { "\(kind).\(subject).\(detail)" }
}
