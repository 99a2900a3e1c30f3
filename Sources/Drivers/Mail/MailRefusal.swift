public import HTTP

/// An error reply of a mail server: the command it replied to, and the consequence for this mail and later ones.
///
/// The description, `RCPT TO answered 550 5.1.1`, contains no address: the server's text is not kept.
public struct MailRefusal: Sendable, Equatable, CustomStringConvertible {
    public let stage: SMTPStage
    /// 4xx is temporary, 5xx is permanent (RFC 5321, section 4.2.1).
    public let code: Int
    /// nil when the server sent none.
    public let status: EnhancedStatus?
    private let namesAccess: Bool

    /// How to proceed.
    public enum Verdict: Sendable, Equatable {
        /// The server accepts no mail at present, because of an error here or there: pause all mail. This mail is not at fault.
        case serverUnwilling
        /// Only this mail is delayed; a retry may succeed.
        case putOff
        /// This mail will never be accepted: its address or content is refused.
        case refused
    }

    init(_ reply: SMTPReply) {
        stage = reply.stage
        code = reply.code
        status = EnhancedStatus(reply.text)
        let text = reply.text.lowercased()
        namesAccess = text.contains("relay") || text.contains("authenticat")
    }

    /// Before RCPT TO, an error concerns us or the server. From RCPT TO on, the recipient's domain influences the reply, so the reply
    /// must not delay other mail; and a reply that blames the sender does not make this mail fail permanently.
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
        // The sender's address; or the sender's quota, as some providers report it.
        case (1, 7), (1, 8), (4, 5): return true
        // The server itself, the order of commands, policy and access.
        case (3, _): return !Self.speaksOfSize(status)
        case (5, _), (7, _): return true
        default: return false
        }
    }

    public var description: String { "\(stage) answered \(code)\(status.map { " \($0)" } ?? "")" }
}

/// The enhanced status code, such as `5.1.1`, at the start of a reply's text (RFC 2034 and RFC 3463).
public struct EnhancedStatus: Sendable, Equatable, CustomStringConvertible {
    /// 2 success, 4 temporary failure, 5 permanent failure.
    public let kind: Int
    /// 1 address, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 policy.
    public let subject: Int
    public let detail: Int

    /// nil when the text does not begin with one.
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
