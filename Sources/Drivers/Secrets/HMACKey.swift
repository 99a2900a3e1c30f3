internal import CSecrets
internal import Synchronization

/// A key for HMAC-SHA256, prepared once and used from any thread.
public final class HMACKey: Sendable {
    private let original: Computation
    /// One for each thread that signs at once, at most.
    private let idle = Mutex<[Computation]>([])

    /// Bytes a key has at least: less could be guessed.
    public static let keyBytesMin = 16

    /// Nil when the key is shorter than ``keyBytesMin``.
    public init?(_ key: [UInt8]) {
        guard key.count >= Self.keyBytesMin else { return nil }
        original = Computation(hub_hmac_new(key, key.count))
    }

    /// A key from the text of a setting; its UTF-8 bytes count.
    public convenience init?(secret: String) { self.init(Array(secret.utf8)) }

    /// A key of its own for one purpose, so that what is signed for one is worth nothing for another.
    public func derived(for purpose: StaticString) -> HMACKey {
        guard let key = HMACKey(code(for: purpose.description)) else { preconditionFailure("a code is long enough") }
        return key
    }

    /// The authentication code of a message: 32 bytes.
    public func code(for message: [UInt8]) -> [UInt8] {
        message.withUnsafeBufferPointer { code(of: $0) }
    }

    /// The authentication code of a text's UTF-8 bytes: 32 bytes.
    public func code(for message: String) -> [UInt8] {
        var message = message
        return message.withUTF8 { code(of: $0) }
    }

    public func isValid(_ code: [UInt8], for message: [UInt8]) -> Bool {
        constantTimeEqual(self.code(for: message), code)
    }

    public func isValid(_ code: [UInt8], for message: String) -> Bool {
        constantTimeEqual(self.code(for: message), code)
    }

    private func code(of message: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let computation = idle.withLock { $0.popLast() } ?? original.copy()
        defer { idle.withLock { $0.append(computation) } }
        return computation.code(of: message)
    }
}

/// Owns a computation of OpenSSL.
// @unchecked: used by the one caller that took it out of the mutex; the original is only copied.
private final class Computation: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer?) {
        guard let pointer else { preconditionFailure("OpenSSL is out of memory") }
        self.pointer = pointer
    }

    deinit { hub_hmac_free(pointer) }

    func copy() -> Computation { Computation(hub_hmac_copy(pointer)) }

    func code(of message: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(HUB_SHA256_BYTES)) { code, count in
            let status = hub_hmac_sign(pointer, message.baseAddress, message.count, code.baseAddress)
            precondition(status == 0, "OpenSSL is out of memory")
            count = Int(HUB_SHA256_BYTES)
        }
    }
}
