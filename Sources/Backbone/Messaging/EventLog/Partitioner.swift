/// Selects the partition of a key: the same as Kafka's Java producer, so that keys keep their partitions when a hub moves from one log to
/// the other.
///
/// Formula: `(murmur2(key) & 0x7fffffff) mod partitionCount` over the key's bytes, with the seed and constants of Apache
/// Kafka's `Utils.murmur2`; librdkafka calls this partitioner `murmur2`.
public enum Partitioner {
    /// - Parameter partitionCount: at least 1.
    public static func partition(of key: [UInt8], among partitionCount: Int) -> Int {
        let hash = key.withUnsafeBufferPointer { murmur2($0) }
        return Int(hash & 0x7fff_ffff) % max(1, partitionCount)
    }

    /// MurmurHash2, 32 bits, read little-endian. Source: Austin Appleby's public-domain MurmurHash2.
    static func murmur2(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
        let wordCount = bytes.count / 4
        for word in 0..<wordCount {
            let at = word * 4
            var part =
                UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
                | UInt32(bytes[at + 3]) << 24
            part = part &* multiplier
            part ^= part >> 24
            part = part &* multiplier
            hash = hash &* multiplier
            hash ^= part
        }
        let tail = wordCount * 4
        let rest = bytes.count - tail
        if rest >= 3 { hash ^= UInt32(bytes[tail + 2]) << 16 }
        if rest >= 2 { hash ^= UInt32(bytes[tail + 1]) << 8 }
        if rest >= 1 {
            hash ^= UInt32(bytes[tail])
            hash = hash &* multiplier
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        hash ^= hash >> 15
        return hash
    }
}
