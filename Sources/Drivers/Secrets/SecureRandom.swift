internal import CSecrets

/// Cryptographically secure random numbers from OpenSSL's generator.
public struct SecureRandom: RandomNumberGenerator, Sendable {
    public init() {}

    public mutating func next() -> UInt64 {
        Self.bytes(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Traps when no random bytes are available, because secrets must not be created without them.
    public static func bytes(count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            let status = buffer.baseAddress.map { hub_random($0, count) } ?? 0
            precondition(status == 0, "the system provides no random bytes")
            initializedCount = count
        }
    }

    /// A random text of letters, digits, `-` and `_`: for refresh tokens, reset links and similar.
    /// - Parameter byteCount: the number of random bytes; 32 bytes give 43 characters.
    public static func token(byteCount: Int = 32) -> String { Base64URL.encode(bytes(count: byteCount)) }
}
