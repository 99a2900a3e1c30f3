internal import Contracts
internal import HTTP
public import Secrets

/// Writes and verifies the header that carries an ``Identity`` from the gateway or a service to a service.
///
/// Format: `v2.EXPIRY.KIND.SUBJECT.ROLE.SESSION.DIGEST.CODE`. EXPIRY is in milliseconds since 1970; parts are percent-encoded; DIGEST is
/// the SHA-256 of the body, or `-` for a streamed one; CODE is an HMAC-SHA-256 over the rest with the request's method and target. A
/// header is valid for its request only and expires after ``lifetimeMs``. Because the digest is a separate part, a service can refuse
/// an unauthenticated request before it reads the body.
public struct IdentitySeal: Sendable {
    public static let fieldName = "hub-identity"
    /// Validity of a header: covers a slow hop and small clock differences, but limits later reuse.
    public static let lifetimeMs: Int64 = 30_000
    private static let headerBytesMax = 512
    /// Replaces the digest of a streamed body.
    private static let streamMark = "-"

    private let key: HMACKey
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - secret: shared by the gateway and the services.
    ///   - now: milliseconds since 1970.
    public init(secret: IdentitySecret, now: @escaping @Sendable () -> Int64) {
        key = secret.key.derived(for: "identity-header")
        self.now = now
    }

    /// A key for another purpose, from the same secret.
    public func key(for purpose: StaticString) -> HMACKey { key.derived(for: purpose) }

    /// - Parameter body: the whole; nil for a streamed body, which only routes for streams accept.
    public func header(for identity: Identity, method: String, target: String, body: [UInt8]? = []) -> String {
        let (kind, subject, role, session) =
            switch identity {
            case .anonymous: ("a", "", "", "")
            case .user(let id, let role, let session): ("u", id.description, role.rawValue, session)
            case .service(let name): ("s", name.rawValue, "", "")
            }
        let parts = [kind, subject, role, session].map(PercentEncoding.encode)
        let digest = body.map { Base64URL.encode(SHA256.digest($0)) } ?? Self.streamMark
        let claims = "v2.\(now() + Self.lifetimeMs).\(parts.map(Self.escapeDots).joined(separator: ".")).\(digest)"
        return claims + "." + Base64URL.encode(code(claims, method, target))
    }

    /// Opens a header; nil if it was not sealed with this key, method and target, or has expired.
    public func open(_ header: String, method: String, target: String) -> SealedRequest? {
        guard header.utf8.count <= Self.headerBytesMax, let dot = header.lastIndex(of: "."),
            let given = Base64URL.decode(header[header.index(after: dot)...])
        else { return nil }
        let claims = String(header[..<dot])
        guard constantTimeEqual(given, code(claims, method, target)) else { return nil }
        let parts = claims.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 7, parts[0] == "v2", let expiry = Int64(parts[1]), expiry > now(),
            let identity = Self.identity(parts[2..<6])
        else { return nil }
        if parts[6] == Self.streamMark { return SealedRequest(identity: identity, bodyDigest: nil) }
        return Base64URL.decode(parts[6]).map { SealedRequest(identity: identity, bodyDigest: $0) }
    }

    private static func identity(_ parts: ArraySlice<Substring>) -> Identity? {
        let texts = parts.map { PercentEncoding.decode(Array($0.utf8)) ?? "" }
        switch texts[0] {
        case "a": return .anonymous
        case "s": return .service(ServiceName(rawValue: texts[1]))
        case "u":
            guard let id = try? UserID(validating: texts[1]), let role = Role(rawValue: texts[2]) else { return nil }
            return .user(id, role: role, session: texts[3])
        default: return nil
        }
    }

    private func code(_ claims: String, _ method: String, _ target: String) -> [UInt8] {
        key.code(for: "\(claims)\n\(method)\n\(target)")
    }

    /// Percent-encoding leaves dots, which separate the parts here.
    private static func escapeDots(_ text: String) -> String {
        text.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "%2E")
    }
}

/// A request with a valid seal of the gateway or a service.
public struct SealedRequest: Sendable {
    public let identity: Identity
    /// Nil for a streamed body.
    fileprivate let bodyDigest: [UInt8]?

    /// Whether `body` is exactly the sealed body.
    public func isFor(body: [UInt8]) -> Bool {
        bodyDigest.map { constantTimeEqual($0, SHA256.digest(body)) } ?? false
    }

    /// Whether the body is streamed and not sealed.
    public var isForStream: Bool { bodyDigest == nil }
}
