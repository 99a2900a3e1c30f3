internal import CSecrets

/// The SHA-256 digest.
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

/// Whether two secrets are equal, in a time that depends on their lengths alone.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && (left.isEmpty || hub_equal(left, right, left.count) == 1)
}
