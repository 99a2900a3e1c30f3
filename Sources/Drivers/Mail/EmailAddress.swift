/// A mailbox address, `local@domain`, in the form that every mail server accepts.
///
/// ASCII only: a dot-atom, `@` and a domain name. Quoted local parts, comments and address literals are refused because parsers treat
/// them differently and users do not sign up with them. Addresses in other scripts (SMTPUTF8, RFC 6531) are refused because a mail server
/// without that extension bounces them; a domain in another script can be written in its `xn--` form.
public struct EmailAddress: Sendable, Hashable, RawRepresentable {
    public let rawValue: String
    public let domain: String

    /// Source of the lengths: RFC 5321, section 4.5.3.1, and RFC 3696 erratum 1690.
    public static let bytesMax = 254
    private static let localBytesMax = 64
    private static let domainBytesMax = 253
    private static let labelBytesMax = 63

    /// nil when the text is not such an address.
    public init?(rawValue: String) {
        let parts = rawValue.split(separator: "@", omittingEmptySubsequences: false)
        guard rawValue.utf8.count <= Self.bytesMax, parts.count == 2, Self.isLocalPart(parts[0]),
            Self.isDomain(parts[1])
        else { return nil }
        self.rawValue = rawValue
        domain = String(parts[1])
    }

    public init?(_ text: String) { self.init(rawValue: text) }

    private static func isLocalPart(_ text: Substring) -> Bool {
        text.utf8.count <= localBytesMax
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
                !atom.isEmpty && atom.utf8.allSatisfy(ASCII.isAtomText)
            }
    }

    private static func isDomain(_ text: Substring) -> Bool {
        text.utf8.count <= domainBytesMax
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...labelBytesMax).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }
}

/// A sender or recipient of mail.
public struct Mailbox: Sendable, Hashable {
    /// The display name in any script; nil or empty for none.
    public var name: String?
    public var address: EmailAddress

    public init(name: String? = nil, address: EmailAddress) {
        self.name = name
        self.address = address
    }

    /// Parses a setting: `name <local@domain>` or only the address. nil when it is neither.
    public init?(_ text: String) {
        if let address = EmailAddress(text) {
            self.init(address: address)
            return
        }
        guard text.last == ">", let open = text.lastIndex(of: "<"),
            let address = EmailAddress(String(text[text.index(after: open)...].dropLast()))
        else { return nil }
        let name = text[..<open].filter { $0 != "\"" }
        let words = name.split(separator: " ").joined(separator: " ")
        self.init(name: words.isEmpty ? nil : words, address: address)
    }
}

/// Byte classes of the mail grammar.
enum ASCII {
    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// `atext` of RFC 5322, section 3.2.3.
    static func isAtomText(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }

    static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) }
}
