/// The `Message-ID` of a mail. It is derived from the event that caused the mail, so that a mail sent twice after a crash has the same id
/// and the receiver can detect the duplicate.
public struct MessageID: Sendable, Hashable, CustomStringConvertible {
    /// `<left@right>`.
    public let description: String

    /// Parses an existing id. nil when it has another form; it cannot contain a line break.
    public init?(_ text: String) {
        let inner = text.dropFirst().dropLast()
        guard text.hasPrefix("<"), text.hasSuffix(">"), inner.contains("@"),
            inner.utf8.allSatisfy({ ASCII.isPrintable($0) && $0 != UInt8(ascii: " ") })
        else { return nil }
        description = text
    }

    /// - Parameter domain: a domain of the sender, usually ``EmailAddress/domain`` of the sender address.
    public init(eventID: String, domain: String) {
        description = "<\(Self.safe(eventID))@\(Self.safe(domain))>"
    }

    /// Injective: characters not allowed in an id, and `=`, become `=` and two digits.
    private static func safe(_ text: String) -> String {
        var safe: [UInt8] = []
        for (index, byte) in text.utf8.prefix(200).enumerated() {
            let isDot = byte == UInt8(ascii: ".") && index > 0 && safe.last != byte && index + 1 < text.utf8.count
            if byte != UInt8(ascii: "=") && ASCII.isAtomText(byte) || isDot {
                safe.append(byte)
            } else {
                QuotedPrintable.appendEscaped(byte, to: &safe)
            }
        }
        return safe.isEmpty ? "=" : String(decoding: safe, as: UTF8.self)
    }
}
