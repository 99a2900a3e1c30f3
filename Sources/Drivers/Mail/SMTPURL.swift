/// The address of a mail server: the setting `SMTP_URL`. Its description contains no password.
///
/// `smtp://[user:password@]host[:port][/name-for-EHLO][?tls=opportunistic|required|off][&ca=/path/to/certificates.pem]`, or `smtps://…`
/// for TLS from the first byte. Reserved characters in user and password are percent-encoded. Ports default to 25 and 465. `tls` defaults
/// to `opportunistic` (STARTTLS when the server offers it). With a password and a remote server it defaults to `required`, so that an
/// attacker cannot obtain the password by removing the STARTTLS offer.
public struct SMTPURL: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    public enum Security: String, Sendable {
        case off, opportunistic, required
    }

    public let isImplicitTLS: Bool
    public let host: String
    public let port: Int
    public let user: String?
    public let security: Security
    /// The EHLO name; nil for the machine's host name.
    public let greetingName: String?
    /// A CA file to trust instead of the system's certificates.
    public let caFile: String?
    let password: String?

    /// - Throws: ``SMTPURLError``, which names the invalid part without its content.
    public init(_ text: String) throws(SMTPURLError) {
        guard text.utf8.count <= 2_048, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw .notAURL }
        let (isImplicitTLS, afterScheme) = try Self.scheme(of: text)
        let (beforeQuery, query) = Self.cut(afterScheme, at: "?")
        let (authority, path) = Self.cut(beforeQuery, at: "/")
        let (credentials, server) = Self.cutLast(authority, at: "@")
        (user, password) = try Self.credentials(credentials)
        (host, port) = try Self.server(server, defaultPort: isImplicitTLS ? 465 : 25)
        (security, caFile) = try Self.options(query, isSafeInClear: password == nil || Self.isLocal(host))
        self.isImplicitTLS = isImplicitTLS
        guard path.map({ $0.isEmpty || Self.isHostName($0) }) ?? true else { throw .badGreetingName }
        greetingName = path.flatMap { $0.isEmpty ? nil : String($0) }
    }

    public var description: String { "\(isImplicitTLS ? "smtps" : "smtp")://\(host):\(port)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func scheme(of text: String) throws(SMTPURLError) -> (Bool, Substring) {
        if text.hasPrefix("smtp://") { return (false, text.dropFirst("smtp://".count)) }
        if text.hasPrefix("smtps://") { return (true, text.dropFirst("smtps://".count)) }
        throw .badScheme
    }

    private static func credentials(_ text: Substring?) throws(SMTPURLError) -> (String?, String?) {
        guard let text else { return (nil, nil) }
        let (userText, passwordText) = cut(text, at: ":")
        guard let passwordText, let user = decoded(userText), let password = decoded(passwordText), !user.isEmpty
        else { throw .badCredentials }
        return (user, password)
    }

    private static func server(_ text: Substring, defaultPort: Int) throws(SMTPURLError) -> (String, Int) {
        var hostText = text
        var portText: Substring?
        if text.hasPrefix("["), let end = text.lastIndex(of: "]") {
            // An IPv6 address.
            hostText = text[...end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw .badHost }
            portText = rest.isEmpty ? nil : rest.dropFirst()
            let isAddress = hostText.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
            guard isAddress, hostText.count > 3 else { throw .badHost }
        } else {
            (hostText, portText) = cut(text, at: ":")
            guard isHostName(hostText) else { throw .badHost }
        }
        guard let portText else { return (String(hostText), defaultPort) }
        guard portText.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(portText),
            (1...65_535).contains(port)
        else { throw .badPort }
        return (String(hostText), port)
    }

    private static func options(
        _ query: Substring?, isSafeInClear: Bool
    ) throws(SMTPURLError) -> (Security, String?) {
        var security = isSafeInClear ? Security.opportunistic : .required
        var caFile: String?
        for option in (query ?? "").split(separator: "&") {
            let (name, value) = cut(option, at: "=")
            switch name {
            case "tls":
                guard let value, let named = Security(rawValue: String(value)) else { throw .badOption }
                security = named
            case "ca":
                guard let value, let file = decoded(value), !file.isEmpty else { throw .badOption }
                caFile = file
            default: throw .badOption
            }
        }
        return (security, caFile)
    }

    private static func isLocal(_ host: String) -> Bool {
        host == "localhost" || host == "[::1]" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }

    private static func isHostName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == 0x2d || $0 == 0x2e }
    }

    private static func cut(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func cutLast(_ text: Substring, at separator: Character) -> (Substring?, Substring) {
        guard let index = text.lastIndex(of: separator) else { return (nil, text) }
        return (text[..<index], text[text.index(after: index)...])
    }

    /// Percent-decoded; nil for invalid escapes, control characters and text that is not UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes.contains { $0 < 0x20 || $0 == 0x7f } ? nil : String(validating: bytes, as: UTF8.self)
    }
}

/// What is wrong with an `SMTP_URL`.
public enum SMTPURLError: String, Error, Sendable, CustomStringConvertible {
    case notAURL = "not a URL: it is too long or holds spaces or characters that must be percent-encoded"
    case badScheme = "it must begin with smtp:// or smtps://"
    case badCredentials = "before @ there must be user:password, both percent-encoded"
    case badHost = "the host is not a name or an address"
    case badPort = "the port must be a number from 1 to 65535"
    case badGreetingName = "the path, if any, must be the name to greet the server with"
    case badOption = "the options are tls=opportunistic, tls=required or tls=off, and ca=FILE"

    public var description: String { rawValue }
}
