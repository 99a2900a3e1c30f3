internal import CSecrets
internal import Synchronization

/// A SHA-256 digest.
public enum SHA256 {
    /// 32 bytes.
    public static func digest(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { digest(of: $0) }
    }

    /// The digest of a text's UTF-8 bytes. 32 bytes.
    public static func digest(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { digest(of: $0) }
    }

    private static func digest(of bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(HUB_SHA256_BYTES)) { digest, count in
            precondition(
                hub_sha256(bytes.baseAddress, bytes.count, digest.baseAddress) == 0, "OpenSSL is out of memory")
            count = Int(HUB_SHA256_BYTES)
        }
    }
}

/// Computes a SHA-256 digest incrementally.
public final class SHA256Computation: Sendable {
    private let context: Mutex<OpaquePointer>

    public init() {
        guard let context = hub_digest_new() else { preconditionFailure("OpenSSL is out of memory") }
        self.context = Mutex(context)
    }

    deinit { context.withLock { hub_digest_free($0) } }

    public func update(_ bytes: [UInt8]) {
        let status = context.withLock { hub_digest_update($0, bytes, bytes.count) }
        precondition(status == 0, "OpenSSL is out of memory")
    }

    /// The digest of all input, 32 bytes. Call once, at the end.
    public func finish() -> [UInt8] {
        context.withLock { context in
            var digest = [UInt8](repeating: 0, count: Int(HUB_SHA256_BYTES))
            precondition(hub_digest_finish(context, &digest) == 0, "OpenSSL is out of memory")
            return digest
        }
    }
}

/// Compares two secrets in constant time for a given length.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && (left.isEmpty || hub_equal(left, right, left.count) == 1)
}
