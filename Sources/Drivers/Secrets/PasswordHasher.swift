internal import CSecrets
public import EventLoop

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Hashes and verifies passwords with argon2id on separate threads. Under overload, log-ins are refused instead of starving other work.
public final class PasswordHasher: Sendable {
    /// The maximum password length in UTF-8 bytes; protects against excessive input.
    public static let passwordBytesMax = 1_024

    /// One CPU is reserved for the event loops.
    public static var threadCountDefault: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1) }

    public let parameters: PasswordHash.Parameters
    /// Threads of low priority, so that short requests do not wait for a hash.
    let pool: BlockingPool
    let room: Bulkhead

    /// - Parameters:
    ///   - threadCount: how many hashes run at once. Each takes `parameters.memoryKiB`.
    ///   - waitMax: a password that would take longer is refused at once.
    /// - Throws: ``EventLoopError/outOfResources`` when no thread can be started.
    public init(
        parameters: PasswordHash.Parameters = .standard, threadCount: Int = threadCountDefault,
        waitMax: Duration = .seconds(2)
    ) throws(EventLoopError) {
        precondition(parameters.isReasonable, "argon2id parameters out of range")
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

    /// Whether the password matches the hash.
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

    /// Takes as long as ``verify(_:against:)``: for accounts that do not exist, so that response times do not reveal them.
    public func verifyAgainstNothing(_ password: String) async throws(PasswordError) {
        let parameters = parameters
        _ = try await onPool(password) { password in
            try Self.hash(password, salt: [UInt8](repeating: 0, count: 16), parameters)
        }
    }

    /// Whether a hash was made with other parameters, so that it should be replaced at the next log-in.
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

/// Why a password was not hashed or verified.
public enum PasswordError: Error, Sendable, Equatable {
    /// The queue is too long to finish in time: answer 503 so that the client retries.
    case busy(retryAfterSeconds: Int)
    case cancelled
    case passwordTooLong
    /// No memory is available for the hash.
    case outOfMemory
    /// The stored hash is malformed.
    case malformedHash
}
