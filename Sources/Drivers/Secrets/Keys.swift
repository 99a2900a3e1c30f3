internal import CSecrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A P-256 key that signs tokens with ES256. Its description contains no key material.
public struct SigningKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// The key id in the header of each token: the RFC 7638 thumbprint.
    public let id: String
    let key: KeyHandle

    public static func generate() -> SigningKey {
        guard let pointer = hub_key_generate(), let key = SigningKey(KeyHandle(pointer)) else {
            preconditionFailure("OpenSSL is out of memory")
        }
        return key
    }

    /// Restores a key from the JSON Web Key of ``exported()``. nil when it is not a P-256 private key.
    public init?(_ json: String) {
        guard json.utf8.count <= JSONLimits.keyBytesMax,
            let parsed = try? JSONDecoder().decode(JSONWebKey.self, from: Data(json.utf8)),
            parsed.isP256, parsed.d != nil, let key = KeyHandle(parsed)
        else { return nil }
        self.init(key)
        // cjose derives the public part from the private one; a different public part in the input means a corrupt key.
        guard id == parsed.thumbprint else { return nil }
    }

    private init?(_ key: KeyHandle) {
        guard let parsed = key.parsed(withPrivate: false) else { return nil }
        self.key = key
        id = parsed.thumbprint
    }

    /// The whole key as a JSON Web Key; secret.
    public func exported() -> String { key.text(withPrivate: true) ?? "" }

    /// The public key.
    public var verifyingKey: VerifyingKey { VerifyingKey(id: id, key: key) }

    public var description: String { "signing key \(id)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A P-256 key that verifies tokens.
public struct VerifyingKey: Sendable {
    public let id: String
    let key: KeyHandle
}

/// The keys a verifier trusts, by key id.
public struct VerifyingKeys: Sendable {
    private var keys: [String: VerifyingKey] = [:]

    public init(_ keys: [VerifyingKey]) {
        for key in keys { self.keys[key.id] = key }
    }

    /// Parses a key set in the format of ``json()``. Keys of other types are skipped; nil when it is not a key set.
    public init?(json: [UInt8]) {
        guard json.count <= JSONLimits.keySetBytesMax,
            let set = try? JSONDecoder().decode(LenientKeySet.self, from: Data(json))
        else { return nil }
        self.init(
            set.keys.compactMap { entry in
                guard let parsed = entry.key, parsed.isP256, let key = KeyHandle(parsed) else { return nil }
                return VerifyingKey(id: parsed.kid ?? parsed.thumbprint, key: key)
            })
    }

    public subscript(id: String) -> VerifyingKey? { keys[id] }

    public var ids: [String] { keys.keys.sorted() }

    /// The key set (RFC 7517) to publish: public keys only.
    public func json() -> [UInt8] {
        let published = ids.compactMap { id in
            keys[id]?.key.parsed(withPrivate: false)?.published(as: id)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(JSONWebKeySet(keys: published))).map { Array($0) } ?? []
    }

    /// A key set may contain unknown key types.
    private struct LenientKeySet: Decodable {
        var keys: [Entry]
        struct Entry: Decodable {
            var key: JSONWebKey?
            init(from decoder: any Decoder) { key = try? JSONWebKey(from: decoder) }
        }
    }
}

enum JSONLimits {
    static let keyBytesMax = 4_096
    static let keySetBytesMax = 64 * 1_024
}

/// Owns a cjose key.
// @unchecked: cjose only reads a key when it signs or verifies.
final class KeyHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    init?(_ key: JSONWebKey) {
        guard let json = try? JSONEncoder().encode(key),
            let pointer = hub_key_import(String(decoding: json, as: UTF8.self), json.count)
        else { return nil }
        self.pointer = pointer
    }

    deinit { hub_key_free(pointer) }

    /// Whether a compact JWS with alg ES256 has a valid signature of this key.
    func isSigner(of token: String) -> Bool { hub_es256_verify(pointer, token, token.utf8.count) == 1 }

    /// Signs any payload as a compact JWS. nil when this is a public key.
    func signed(payload: [UInt8], id: String) -> String? {
        guard let text = hub_es256_sign(pointer, id, payload, payload.count) else { return nil }
        defer { hub_text_free(text) }
        return String(cString: text)
    }

    func text(withPrivate: Bool) -> String? {
        guard let text = hub_key_export(pointer, withPrivate ? 1 : 0) else { return nil }
        defer { hub_text_free(text) }
        return String(cString: text)
    }

    func parsed(withPrivate: Bool) -> JSONWebKey? {
        text(withPrivate: withPrivate).flatMap { try? JSONDecoder().decode(JSONWebKey.self, from: Data($0.utf8)) }
    }
}
