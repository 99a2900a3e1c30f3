internal import CKafka
internal import EventLoop

/// Cluster metadata from one broker, in librdkafka's memory until this object is released. Requesting it blocks.
final class Metadata {
    private let raw: OpaquePointer

    /// - Parameter topic: nil for all topics.
    init(of topic: String?, _ client: ClientHandle, within limit: Duration) throws(KafkaError) {
        var error = hub_kafka_error()
        guard let raw = hub_kafka_metadata_get(client.pointer, topic, limit.millisecondsClamped, &error) else {
            throw KafkaError(error)
        }
        self.raw = raw
    }

    deinit { hub_kafka_metadata_free(raw) }

    var brokers: [KafkaBrokers.Broker] {
        (0..<hub_kafka_metadata_broker_count(raw)).map { index in
            let broker = hub_kafka_metadata_broker(raw, index)
            return .init(
                id: Int(broker.id), host: broker.host.map { String(cString: $0) } ?? "", port: Int(broker.port))
        }.sorted { $0.id < $1.id }
    }

    /// The existing topics by name, without their settings.
    var topics: [String: KafkaTopic] {
        var topics: [String: KafkaTopic] = [:]
        for index in 0..<hub_kafka_metadata_topic_count(raw) {
            let topic = hub_kafka_metadata_topic(raw, index)
            guard topic.code == 0, let name = topic.name.map({ String(cString: $0) }) else { continue }
            topics[name] = KafkaTopic(name: name, partitions: partitions(ofTopic: index), configs: [:], ownConfigs: [])
        }
        return topics
    }

    private func partitions(ofTopic topic: Int32) -> [KafkaTopic.Partition] {
        (0..<hub_kafka_metadata_partition_count(raw, topic))
            .map { hub_kafka_metadata_partition(raw, topic, $0) }.sorted { $0.id < $1.id }
            .map { state in
                .init(
                    leader: state.leader < 0 ? nil : Int(state.leader),
                    replicas: Self.ids(state.replicas, state.replica_count),
                    inSync: Self.ids(state.in_sync, state.in_sync_count))
            }
    }

    private static func ids(_ ids: UnsafePointer<Int32>?, _ count: Int32) -> [Int] {
        UnsafeBufferPointer(start: ids, count: Int(count)).map { Int($0) }
    }
}
