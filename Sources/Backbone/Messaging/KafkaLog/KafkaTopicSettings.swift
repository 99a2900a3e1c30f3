internal import Kafka

/// A topic's settings under Kafka's names.
enum KafkaTopicSettings {
    static let retention = "retention.ms"
    static let batchBytesMax = "max.message.bytes"
    static let inSyncReplicasMin = "min.insync.replicas"
    static let segment = "segment.ms"

    /// Kafka limits the size of the record batch: its own frame, and the length fields of key, value and headers count too.
    private static let frameBytes = 4 * 1024

    static func batchBytes(of recordBytes: Int) -> Int { recordBytes + frameBytes }

    static func recordBytes(of batchBytes: Int) -> Int { max(0, batchBytes - frameBytes) }

    static func configs(of topic: TopicSettings) -> [String: String] {
        [
            retention: "\(topic.retention.milliseconds)",
            batchBytesMax: "\(batchBytes(of: topic.recordBytesMax))",
            inSyncReplicasMin: "\(topic.inSyncReplicasMin)",
            segment: "\(topic.segmentMax.milliseconds)",
        ]
    }

    /// The current settings of a topic. Unlimited retention becomes the longest duration.
    static func settings(of topic: KafkaTopic) -> TopicSettings {
        func number(_ name: String) -> Int64? { topic.configs[name].flatMap { Int64($0) } }
        let retention = number(Self.retention).map { $0 < 0 ? Int64.max : $0 } ?? .max
        return TopicSettings(
            name: topic.name, partitionCount: topic.partitions.count, retention: .milliseconds(retention),
            recordBytesMax: recordBytes(of: Int(clamping: number(batchBytesMax) ?? 0)),
            replicationCount: topic.partitions.map(\.replicas.count).min() ?? 0,
            inSyncReplicasMin: Int(clamping: number(inSyncReplicasMin) ?? 0),
            segmentMax: .milliseconds(number(segment) ?? 0))
    }
}
