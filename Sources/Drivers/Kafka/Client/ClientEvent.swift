internal import CKafka

/// An event in librdkafka's memory. It is freed when the callback that received it returns.
struct ClientEvent {
    let raw: OpaquePointer
    private let client: OpaquePointer

    init(_ raw: OpaquePointer, of handle: ClientHandle) {
        self.raw = raw
        client = handle.pointer
    }

    var kind: Int { Int(hub_kafka_event_kind(raw)) }
    var tag: UInt64 { hub_kafka_event_tag(raw) }

    /// nil when the event is not an error.
    var error: KafkaError? {
        var error = hub_kafka_error()
        hub_kafka_event_error(client, raw, &error)
        return error.code == 0 ? nil : KafkaError(error)
    }

    /// The event's partitions with their offsets and errors.
    var partitions: [(partition: KafkaPartition, offset: Int64, error: KafkaError?)] {
        (0..<hub_kafka_event_partition_count(raw)).map { index in
            let element = hub_kafka_event_partition(raw, index)
            return (KafkaPartition(element), element.offset, element.error == 0 ? nil : KafkaError(code: element.error))
        }
    }
}

extension KafkaPartition {
    init(_ element: hub_kafka_partition) {
        self.init(element.topic.map { String(cString: $0) } ?? "", Int(element.partition))
    }

    /// Calls `body` with the partitions as C structures; they are valid during the call.
    static func withC<Result>(
        _ offsets: [(partition: KafkaPartition, offset: Int64)],
        _ body: (inout [hub_kafka_partition]) throws -> Result
    ) rethrows -> Result {
        let strings = CStrings()
        var elements = offsets.map { entry in
            hub_kafka_partition(
                topic: strings.append(entry.partition.topic), offset: entry.offset,
                partition: Int32(clamping: entry.partition.number), error: 0)
        }
        return try withExtendedLifetime(strings) { try body(&elements) }
    }
}
