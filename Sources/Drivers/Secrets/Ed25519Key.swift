internal import CSecrets

/// An Ed25519 signing key (RFC 8032). Its description contains no key material.
public struct Ed25519Key: Sendable, CustomStringConvertible, CustomReflectable {
    /// 32 bytes: a secret.
    public let secret: [UInt8]
    /// 32 bytes.
    public let publicKey: [UInt8]
    /// The key id: the RFC 7638 thumbprint.
    public let id: String

    public static func generate() -> Ed25519Key {
        guard let key = Ed25519Key(secret: SecureRandom.bytes(count: Int(HUB_ED25519_KEY_BYTES))) else {
            preconditionFailure("OpenSSL is out of memory")
        }
        return key
    }

    /// Restores a key from ``secret``. nil unless it has 32 bytes.
    public init?(secret: [UInt8]) {
        guard secret.count == HUB_ED25519_KEY_BYTES else { return nil }
        var publicKey = [UInt8](repeating: 0, count: Int(HUB_ED25519_KEY_BYTES))
        guard hub_ed25519_public(secret, &publicKey) == 0 else { return nil }
        self.secret = secret
        self.publicKey = publicKey
        id = Base64URL.encode(
            SHA256.digest(#"{"crv":"Ed25519","kty":"OKP","x":"\#(Base64URL.encode(publicKey))"}"#))
    }

    /// A signature of 64 bytes; deterministic.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: Int(HUB_ED25519_SIGNATURE_BYTES))
        precondition(
            hub_ed25519_sign(secret, message, message.count, &signature) == 0, "OpenSSL is out of memory")
        return signature
    }

    /// Whether the signature of a message is valid for a key.
    public static func isValid(_ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]) -> Bool {
        publicKey.count == HUB_ED25519_KEY_BYTES && signature.count == HUB_ED25519_SIGNATURE_BYTES
            && hub_ed25519_verify(publicKey, message, message.count, signature) == 1
    }

    public var description: String { "signing key \(id)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
