internal import CKafka
internal import EventLoop

/// A consumer group as its coordinator reports it.
struct GroupView {
    /// Kafka's state name, such as `Stable`; empty for an unknown group.
    let state: String
    /// Each member's assignment; nil where it cannot be decoded.
    let assignments: [Set<KafkaPartition>?]

    /// Blocks until the coordinator responds.
    /// - Throws: ``KafkaError``.
    init(of group: String, _ client: ClientHandle, within limit: Duration) throws(KafkaError) {
        var error = hub_kafka_error()
        guard let raw = hub_kafka_group_get(client.pointer, group, limit.millisecondsClamped, &error) else {
            throw KafkaError(error)
        }
        defer { hub_kafka_group_free(raw) }
        state = hub_kafka_group_state(raw).map { String(cString: $0) } ?? ""
        assignments = (0..<hub_kafka_group_member_count(raw)).map { index in
            let assignment = hub_kafka_group_assignment(raw, index)
            var reader = ProtocolReader(
                UnsafeRawBufferPointer(start: assignment.bytes, count: Int(max(0, assignment.count))))
            return reader.assignment()
        }
    }
}

/// Decodes Kafka's consumer protocol: big-endian integers, length-prefixed strings and arrays.
private struct ProtocolReader {
    private var bytes: UnsafeRawBufferPointer.SubSequence

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes[...] }

    /// A version, then topics with their partitions; trailing user data of the assignor is skipped. A member without an assignment has no
    /// bytes.
    /// - Returns: nil when the bytes have another format.
    mutating func assignment() -> Set<KafkaPartition>? {
        if bytes.isEmpty { return [] }
        guard let version = integer(Int16.self), version >= 0, let topicCount = integer(Int32.self) else { return nil }
        var partitions: Set<KafkaPartition> = []
        for _ in 0..<max(0, topicCount) {
            guard let length = integer(Int16.self), let topic = text(Int(length)), let count = integer(Int32.self)
            else { return nil }
            for _ in 0..<max(0, count) {
                guard let number = integer(Int32.self) else { return nil }
                partitions.insert(KafkaPartition(topic, Int(number)))
            }
        }
        return partitions
    }

    private mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard bytes.count >= size else { return nil }
        defer { bytes = bytes.dropFirst(size) }
        return bytes.prefix(size).reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    private mutating func text(_ length: Int) -> String? {
        guard length >= 0, bytes.count >= length else { return nil }
        defer { bytes = bytes.dropFirst(length) }
        return String(decoding: bytes.prefix(length), as: UTF8.self)
    }
}
