/// The `Message-ID` of a mail. Made of the event that asked for the mail, so that a mail sent twice after a crash has the same id
/// twice and the receiving side can tell.
public struct MessageID: Sendable, Hashable, CustomStringConvertible {
    /// `<left@right>`.
    public let description: String

    /// One that was made before. Nil when it is of another form; nothing in it can end its line.
    public init?(_ text: String) {
        let inner = text.dropFirst().dropLast()
        guard text.hasPrefix("<"), text.hasSuffix(">"), inner.contains("@"),
            inner.utf8.allSatisfy({ ASCII.isPrintable($0) && $0 != UInt8(ascii: " ") })
        else { return nil }
        description = text
    }

    /// - Parameter domain: one of the sender's, as a rule ``EmailAddress/domain`` of the sender.
    public init(eventID: String, domain: String) {
        description = "<\(Self.safe(eventID))@\(Self.safe(domain))>"
    }

    /// Different texts stay different: what may not stand in an id, and `=`, becomes `=` and two digits.
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
