internal import CKafka

/// Records to append, in one buffer: adding a record allocates nothing once the buffer is large enough.
public struct KafkaRecords: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var records: [hub_kafka_record_slice] = []
    private(set) var headers: [hub_kafka_header_slice] = []
    /// Each topic once, in order of first use.
    private(set) var topics: [String] = []
    private var topicIndexes: [String: Int32] = [:]

    public init() {}

    public var count: Int { records.count }
    public var isEmpty: Bool { records.isEmpty }

    /// - Parameters:
    ///   - count: the expected number of records.
    ///   - bytesCount: the expected bytes of all keys, values and headers.
    public mutating func reserveCapacity(_ count: Int, bytesCount: Int) {
        records.reserveCapacity(count)
        bytes.reserveCapacity(bytesCount)
    }

    /// Adds a record. A null key or value is different from an empty one.
    /// - Parameters:
    ///   - partition: nil to hash the key as Kafka's Java client does; without a key, any partition.
    ///   - timestamp: milliseconds since 1970; nil for now.
    public mutating func append(
        topic: String, partition: Int? = nil, key: [UInt8]?, value: [UInt8]?, timestamp: Int64? = nil
    ) {
        records.append(
            hub_kafka_record_slice(
                timestamp: timestamp ?? 0, key: add(key), value: add(value), topic: index(of: topic),
                partition: partition.map { Int32(clamping: max(0, $0)) } ?? -1, header: Int64(headers.count),
                header_count: 0))
    }

    /// Adds a header to the record added last.
    public mutating func appendHeader(_ name: String, _ value: [UInt8]?) {
        precondition(!records.isEmpty, "a header belongs to a record")
        headers.append(hub_kafka_header_slice(name: add(name), value: add(value)))
        records[records.count - 1].header_count += 1
    }

    private mutating func add(_ piece: [UInt8]?) -> hub_kafka_slice {
        guard let piece else { return hub_kafka_slice(offset: 0, length: -1) }
        defer { bytes.append(contentsOf: piece) }
        return hub_kafka_slice(offset: Int64(bytes.count), length: Int64(piece.count))
    }

    private mutating func add(_ name: String) -> hub_kafka_slice {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        return hub_kafka_slice(offset: Int64(start), length: Int64(bytes.count - start))
    }

    private mutating func index(of topic: String) -> Int32 {
        // Records of one topic come one after the other.
        if let last = records.last, topics[Int(last.topic)] == topic { return last.topic }
        if let known = topicIndexes[topic] { return known }
        let index = Int32(topics.count)
        topics.append(topic)
        topicIndexes[topic] = index
        return index
    }

    func topic(of record: Int32) -> String { topics[Int(records[Int(record)].topic)] }

    /// The records with an explicit partition, and those partitioned by key.
    func indexes() -> (placed: [Int32], hashed: [Int32]) {
        var placed: [Int32] = [], hashed: [Int32] = []
        hashed.reserveCapacity(count)
        for (index, record) in records.enumerated() {
            if record.partition >= 0 { placed.append(Int32(index)) } else { hashed.append(Int32(index)) }
        }
        return (placed, hashed)
    }
}

/// The outcome of one appended record.
public enum KafkaOutcome: Sendable, Hashable {
    /// All in-sync replicas have it. The offset is nil when the broker already had the record from an earlier attempt.
    case accepted(partition: Int, offset: Int64?)
    /// The cluster permanently refuses this record.
    case refused(KafkaError)
    /// The outcome is unknown: append it again. It may have been stored.
    case unconfirmed(KafkaError)
}
