internal import CSecrets
public import EventLoop

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Hashes and verifies passwords with argon2id, on threads of its own: a flood of log-ins is refused instead of starving the rest.
public final class PasswordHasher: Sendable {
    /// Characters of UTF-8 a password may have: more is not a password but an attack.
    public static let passwordBytesMax = 1_024

    /// One processor is left to those who ask.
    public static var threadCountDefault: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1) }

    public let parameters: PasswordHash.Parameters
    /// Its threads give way: what is quickly answered does not wait for a hash.
    let pool: BlockingPool
    let room: Bulkhead

    /// - Parameters:
    ///   - threadCount: hashes at once. Each takes `parameters.memoryKiB`.
    ///   - waitMax: a password that would not be done by then is refused at once.
    /// - Throws: ``EventLoopError/outOfResources`` when no thread can be started.
    public init(
        parameters: PasswordHash.Parameters = .standard, threadCount: Int = threadCountDefault,
        waitMax: Duration = .seconds(2)
    ) throws(EventLoopError) {
        precondition(parameters.isReasonable, "not parameters for argon2id")
        self.parameters = parameters
        pool = try BlockingPool(
            name: "hub-passwords", threadCount: threadCount, queueCountMax: threadCount, givesWay: true)
        room = Bulkhead(
            inFlightMax: threadCount, waitMax: waitMax, pace: parameters.costAtFirst / max(1, threadCount))
    }

    deinit { pool.shutdown() }

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
        var isDone = false
        do {
            try await room.enter()
            defer { room.leave(isDone: isDone) }
            let result = try await pool.run { try body(password) }
            isDone = true
            return result
        } catch let full as Bulkhead.Full {
            throw .busy(retryAfterSeconds: full.retryAfterSeconds)
        } catch let error as PasswordError {
            throw error
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .busy(retryAfterSeconds: 1)
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
public enum PasswordError: Error, Sendable, Equatable {
    /// More passwords wait than are done in time: answer 503 and let the client come back.
    case busy(retryAfterSeconds: Int)
    case cancelled
    case passwordTooLong
    /// There was no memory for the hash.
    case outOfMemory
    /// The stored hash cannot be read.
    case malformedHash
}
