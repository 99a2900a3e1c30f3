internal import CSecrets

/// Random numbers fit for keys and tokens, from OpenSSL's generator.
public struct SecureRandom: RandomNumberGenerator, Sendable {
    public init() {}

    public mutating func next() -> UInt64 {
        Self.bytes(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Traps when the system has no randomness: nothing secret may be made without.
    public static func bytes(count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            let status = buffer.baseAddress.map { hub_random($0, count) } ?? 0
            precondition(status == 0, "the system gives no random bytes")
            initializedCount = count
        }
    }

    /// A text nobody can guess, of letters, digits, `-` and `_`: for refresh tokens, reset links and the like.
    /// - Parameter byteCount: its strength; 32 bytes make 43 characters.
    public static func token(byteCount: Int = 32) -> String { Base64URL.encode(bytes(count: byteCount)) }
}
