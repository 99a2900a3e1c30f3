/// The stage of an SMTP session, named after the command that the server replies to.
public enum SMTPStage: Int, Sendable, Comparable, CustomStringConvertible {
    case greeting, hello, startTLS, logIn, sender, recipient, data
    /// The message content and its terminating dot.
    case message

    public static func < (left: SMTPStage, right: SMTPStage) -> Bool { left.rawValue < right.rawValue }

    public var description: String {
        switch self {
        case .greeting: "the connection"
        case .hello: "EHLO"
        case .startTLS: "STARTTLS"
        case .logIn: "AUTH"
        case .sender: "MAIL FROM"
        case .recipient: "RCPT TO"
        case .data: "DATA"
        case .message: "the message"
        }
    }
}

/// A reply of a mail server.
package struct SMTPReply: Sendable, Equatable {
    package let stage: SMTPStage
    /// Three digits (RFC 5321, section 4.2).
    package let code: Int
    /// The text after the code, line by line, truncated to ``textBytesMax``. It may contain addresses.
    package let text: String

    package static let textBytesMax = 1_000

    package init(stage: SMTPStage, code: Int, text: String) {
        self.stage = stage
        self.code = code
        self.text = text
    }
}

/// Follows both sides of the session to know which command a reply belongs to.
struct SMTPDialogue {
    private var stage = SMTPStage.greeting
    private var text: [UInt8] = []
    private var last: SMTPReply?
    private var isFarewell = false

    /// The last reply when it is an error.
    var refusal: SMTPReply? { last.flatMap { $0.code >= 400 ? $0 : nil } }

    /// - Parameter line: with its line break, as sent.
    mutating func note(_ line: some Collection<UInt8>, isReply: Bool) {
        if isReply { answered(line) } else { asked(line) }
    }

    /// Log-in lines that are not commands, such as user name and password, do not change the stage. After an error reply libcurl sends
    /// QUIT and reads the reply to it before it reports the error.
    private mutating func asked(_ line: some Collection<UInt8>) {
        let commands: [(String, SMTPStage)] = [
            ("EHLO ", .hello), ("HELO ", .hello), ("STARTTLS\r\n", .startTLS), ("AUTH ", .logIn),
            ("MAIL FROM:", .sender), ("RCPT TO:", .recipient),
        ]
        if let (_, next) = commands.first(where: { line.starts(with: $0.0.utf8) }) {
            stage = next
            isFarewell = false
        }
        if line.starts(with: "QUIT\r\n".utf8) { isFarewell = true }
        if stage == .recipient, line.starts(with: "DATA\r\n".utf8) { stage = .data }
    }

    private mutating func answered(_ line: some Collection<UInt8>) {
        guard !isFarewell, line.count >= 3, let code = Int(String(decoding: line.prefix(3), as: UTF8.self)) else {
            return
        }
        let isLast = line.dropFirst(3).first != UInt8(ascii: "-")
        if !text.isEmpty { text.append(10) }
        text = Array((text + line.dropFirst(4).prefix { $0 != 13 && $0 != 10 }).prefix(SMTPReply.textBytesMax))
        guard isLast else { return }
        last = SMTPReply(stage: stage, code: code, text: String(decoding: text, as: UTF8.self))
        text.removeAll(keepingCapacity: true)
        if stage == .data, code == 354 { stage = .message }
    }
}
