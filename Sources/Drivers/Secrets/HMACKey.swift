internal import CSecrets
internal import Synchronization

/// A key for HMAC-SHA256, prepared once and usable from any thread.
public final class HMACKey: Sendable {
    private let original: Computation
    /// Prepared contexts for reuse: at most one per thread that signs at the same time.
    private let idle = Mutex<[Computation]>([])

    /// The minimum key length in bytes; shorter keys could be guessed.
    public static let keyBytesMin = 16

    /// nil when the key is shorter than ``keyBytesMin``.
    public init?(_ key: [UInt8]) {
        guard key.count >= Self.keyBytesMin else { return nil }
        original = Computation(hub_hmac_new(key, key.count))
    }

    /// A key from the UTF-8 bytes of a setting.
    public convenience init?(secret: String) { self.init(Array(secret.utf8)) }

    /// Derives a key for one purpose, so that signatures for one purpose are invalid for another.
    public func derived(for purpose: StaticString) -> HMACKey {
        guard let key = HMACKey(code(for: purpose.description)) else { preconditionFailure("an HMAC is a valid key") }
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

/// Owns an OpenSSL MAC context.
// @unchecked: used only by the caller that took it out of the mutex; the original is only copied.
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
