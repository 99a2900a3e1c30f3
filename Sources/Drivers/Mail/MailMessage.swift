#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A mail to one recipient with a text part and usually an equivalent HTML part.
///
/// Names, subjects and bodies cannot inject a header, a recipient or the end of the message: control characters are removed from headers,
/// and bodies are encoded.
public struct MailMessage: Sendable, Equatable {
    public let from: Mailbox
    public let to: Mailbox
    public let subject: String
    public let text: String
    public let html: String?
    public let messageID: MessageID
    public let date: Date
    public let headers: [MailHeader]

    /// UTF-8 bytes of the two bodies together.
    public static let bodyBytesMax = 1_048_576
    /// UTF-8 bytes of the subject, and of a name.
    public static let headerTextBytesMax = 1_000
    public static let headerCountMax = 20

    /// - Throws: ``MailMessageError`` when a limit is exceeded; such a mail can never be sent.
    public init(
        from: Mailbox, to: Mailbox, subject: String, text: String, html: String? = nil, messageID: MessageID,
        date: Date,
        headers: [MailHeader] = []
    ) throws(MailMessageError) {
        let headerTexts = [subject, from.name ?? "", to.name ?? ""]
        guard headerTexts.allSatisfy({ $0.utf8.count <= Self.headerTextBytesMax }),
            headers.count <= Self.headerCountMax
        else { throw .headerTooLong }
        guard text.utf8.count + (html?.utf8.count ?? 0) <= Self.bodyBytesMax else { throw .bodyTooLong }
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.messageID = messageID
        self.date = date
        self.headers = headers
    }

    /// The message as sent: ASCII in lines of at most 998 bytes that end with CRLF (RFC 5322, RFC 2045).
    public func mimeBytes() -> [UInt8] {
        var writer = MIMEWriter()
        writer.header("Date", MIMEDate.text(date))
        writer.header("From", mailbox: from)
        writer.header("To", mailbox: to)
        writer.header("Subject", text: subject)
        writer.header("Message-ID", messageID.description)
        for header in headers { writer.header(header.name, header.value) }
        writer.header("MIME-Version", "1.0")
        if let html {
            writer.alternative([("text/plain", text), ("text/html", html)])
        } else {
            writer.part("text/plain", text)
        }
        return writer.bytes
    }
}

/// Why a mail can never be sent.
public enum MailMessageError: Error, Sendable {
    /// The subject or a name is longer than ``MailMessage/headerTextBytesMax``, or there are too many headers.
    case headerTooLong
    /// The bodies are longer than ``MailMessage/bodyBytesMax``.
    case bodyTooLong
}

/// An additional header.
public struct MailHeader: Sendable, Equatable {
    public let name: String
    public let value: String

    /// nil when the name is invalid, is a header that ``MailMessage`` writes itself or one that names recipients, or when the value is
    /// not printable ASCII or is longer than 900 bytes.
    public init?(_ name: String, _ value: String) {
        guard (1...64).contains(name.utf8.count),
            name.utf8.allSatisfy({ ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }),
            !Self.reserved.contains(name.lowercased()),
            value.utf8.count <= 900, value.utf8.allSatisfy(ASCII.isPrintable)
        else { return nil }
        self.name = name
        self.value = value
    }

    /// The two headers of one-click unsubscribe (RFC 8058). nil unless `url` is an `https` or `http` URL in printable ASCII.
    public static func oneClickUnsubscribe(url: String) -> [MailHeader]? {
        guard url.hasPrefix("https://") || url.hasPrefix("http://"), !url.contains(where: { "<> ,".contains($0) }),
            let link = MailHeader("List-Unsubscribe", "<\(url)>"),
            let post = MailHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        else { return nil }
        return [link, post]
    }

    private static let reserved: Set<String> = [
        "from", "to", "cc", "bcc", "sender", "subject", "date", "message-id", "mime-version", "content-type",
        "content-transfer-encoding", "resent-to", "resent-cc", "resent-bcc", "return-path", "received",
    ]
}
