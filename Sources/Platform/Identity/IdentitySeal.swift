internal import Contracts
internal import HTTP
public import Secrets

/// Writes and checks the header that carries an ``Identity`` from the gateway, or from a service, to a service.
///
/// The form is `v2.EXPIRY.KIND.SUBJECT.ROLE.SESSION.DIGEST.CODE`: expiry in milliseconds since 1970, parts percent-encoded, the
/// SHA-256 of the body, or `-` for one that is passed on as it comes, and an HMAC-SHA-256 over all of it with the method and the target of the request. A header taken from one
/// request is of no use for another one, and of none at all after ``lifetimeMs``. That the digest is a part of its own lets a service
/// refuse a stranger before it has read a body.
public struct IdentitySeal: Sendable {
    public static let fieldName = "hub-identity"
    /// How long a header is good for: long enough for a slow hop and clocks that differ a little, short enough to be useless later.
    public static let lifetimeMs: Int64 = 30_000
    private static let headerBytesMax = 512
    /// In place of the digest of a body that nobody has seen yet.
    private static let streamMark = "-"

    private let key: HMACKey
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - secret: shared by the gateway and the services, at least 16 bytes.
    ///   - now: milliseconds since 1970.
    /// - Throws: ``SettingsError`` when the secret is too short.
    public init(secret: String, now: @escaping @Sendable () -> Int64) throws(SettingsError) {
        guard let key = HMACKey(secret: secret) else {
            throw .invalid(name: PlatformSettings.identitySecret.name, type: "at least 16 bytes of secret text")
        }
        self.key = key.derived(for: "identity-header")
        self.now = now
    }

    /// A key for another purpose, from the same secret.
    public func key(for purpose: StaticString) -> HMACKey { key.derived(for: purpose) }

    /// - Parameter body: all of it; nil for one that is passed on as it comes, which only routes for such bodies take.
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

    /// What a header says, nil when it was not sealed with this key for this method and target, or is too old.
    public func open(_ header: String?, method: String, target: String) -> SealedRequest? {
        guard let header, header.utf8.count <= Self.headerBytesMax, let dot = header.lastIndex(of: "."),
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

    /// A dot is not escaped by percent-encoding and separates the parts here.
    private static func escapeDots(_ text: String) -> String {
        text.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "%2E")
    }
}

/// A request that the gateway, or a service, has vouched for.
public struct SealedRequest: Sendable {
    public let identity: Identity
    /// Nil for a body that nobody has seen.
    fileprivate let bodyDigest: [UInt8]?

    /// Whether `body` is what was vouched for, to the last byte.
    public func isFor(body: [UInt8]) -> Bool {
        bodyDigest.map { constantTimeEqual($0, SHA256.digest(body)) } ?? false
    }

    /// Whether the body was passed on as it came, and nobody vouches for it.
    public var isForStream: Bool { bodyDigest == nil }
}
