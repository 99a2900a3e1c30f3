internal import CKafka
internal import EventLoop

/// A group of consumers as its coordinator has it.
struct GroupView {
    /// Kafka's word, such as `Stable`; empty for a group nobody knows.
    let state: String
    /// What each member was given; nil where that cannot be read.
    let assignments: [Set<KafkaPartition>?]

    /// Waits for the coordinator.
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

/// Reads what the consumers' protocol writes: numbers of the most significant byte first, lengths before texts and lists.
private struct ProtocolReader {
    private var bytes: UnsafeRawBufferPointer.SubSequence

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes[...] }

    /// A version, then topics with their partitions; what the assignor adds is not read. Of a member that has nothing yet there are no
    /// bytes at all.
    /// - Returns: nil when the bytes are something else.
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
