internal import CSecrets
public import EventLoop

/// Hashes and verifies passwords with argon2id, on a bounded pool: a flood of log-ins is refused instead of starving the rest.
public struct PasswordHasher: Sendable {
    /// Characters of UTF-8 a password may have: more is not a password but an attack.
    public static let passwordBytesMax = 1_024

    public let parameters: PasswordHash.Parameters
    private let pool: BlockingPool

    /// - Parameter pool: each of its threads takes `parameters.memoryKiB` while it hashes.
    public init(pool: BlockingPool, parameters: PasswordHash.Parameters = .standard) {
        precondition(parameters.isReasonable, "not parameters for argon2id")
        self.pool = pool
        self.parameters = parameters
    }

    /// A new hash with a random salt.
    public func hash(_ password: String) async throws(PasswordError) -> PasswordHash {
        let parameters = parameters
        return try await onPool(password) { password in
            try Self.hash(password, salt: SecureRandom.bytes(count: 16), parameters)
        }
    }

    /// Whether this is the password the hash was made of.
    public func verify(_ password: String, against hash: PasswordHash) async throws(PasswordError) -> Bool {
        try await onPool(password) { password in
            var password = password
            let outcome = password.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    hub_argon2id_verify(hash.rawValue, characters.baseAddress, characters.count)
                }
            }
            switch Int(outcome) {
            case HUB_ARGON2_MATCH: return true
            case HUB_ARGON2_MISMATCH: return false
            case HUB_ARGON2_OUT_OF_MEMORY: throw PasswordError.outOfMemory
            default: throw PasswordError.malformedHash
            }
        }
    }

    /// Takes as long as ``verify(_:against:)`` and finds nothing: for accounts that do not exist, so that time does not tell.
    public func verifyAgainstNothing(_ password: String) async throws(PasswordError) {
        let parameters = parameters
        _ = try await onPool(password) { password in
            try Self.hash(password, salt: [UInt8](repeating: 0, count: 16), parameters)
        }
    }

    /// Whether a hash was made with other parameters than ours, so that it should be made anew at the next log-in.
    public func isOutdated(_ hash: PasswordHash) -> Bool { hash.parameters != parameters }

    private func onPool<Result: Sendable>(
        _ password: String, _ body: @escaping @Sendable (String) throws -> Result
    ) async throws(PasswordError) -> Result {
        guard password.utf8.count <= Self.passwordBytesMax else { throw .passwordTooLong }
        do {
            return try await pool.run { try body(password) }
        } catch let error as PasswordError {
            throw error
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .busy
        }
    }

    private static func hash(
        _ password: String, salt: [UInt8], _ parameters: PasswordHash.Parameters
    ) throws(PasswordError) -> PasswordHash {
        var password = password
        var encoded = [CChar](repeating: 0, count: PasswordHash.encodedBytesMax + 1)
        let status = password.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                hub_argon2id_hash(
                    characters.baseAddress, characters.count, salt, salt.count, parameters.memoryKiB,
                    parameters.iterations, parameters.lanes, &encoded, encoded.count)
            }
        }
        if Int(status) == HUB_ARGON2_OUT_OF_MEMORY { throw .outOfMemory }
        let text = String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard status == 0, let hash = PasswordHash(rawValue: text) else { throw .malformedHash }
        return hash
    }
}

/// Why a password was neither hashed nor verified.
public enum PasswordError: Error, Sendable {
    /// The pool has as much work waiting as it takes: answer 503 and let the client come back.
    case busy
    case cancelled
    case passwordTooLong
    /// There was no memory for the hash.
    case outOfMemory
    /// The stored hash cannot be read.
    case malformedHash
}
