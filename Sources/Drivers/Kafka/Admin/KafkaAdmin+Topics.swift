internal import CKafka
internal import EventLoop

/// The brokers of a cluster.
public struct KafkaBrokers: Sendable, Hashable {
    public struct Broker: Sendable, Hashable {
        public var id: Int
        public var host: String
        public var port: Int
    }

    /// The cluster's id, which it keeps for ever; nil when it was not known within the timeout.
    public var clusterID: String?
    public var brokers: [Broker]
    /// nil when the controller was not known within the timeout.
    public var controller: Int?
}

/// A topic and its settings.
public struct KafkaTopic: Sendable, Hashable {
    public struct Partition: Sendable, Hashable {
        /// nil while there is no leader.
        public var leader: Int?
        public var replicas: [Int]
        /// The in-sync replicas.
        public var inSync: [Int]
    }

    public var name: String
    /// Ordered by number, from 0.
    public var partitions: [Partition]
    /// The effective settings by name, without sensitive ones.
    public var configs: [String: String]
    /// The names of the settings that are set on the topic itself.
    public var ownConfigs: Set<String>
}

/// A topic to create or to grow.
public struct KafkaTopicSpec: Sendable, Hashable {
    public var name: String
    public var partitionCount: Int
    /// The replication factor.
    public var replication: Int
    public var configs: [String: String]

    public init(name: String, partitionCount: Int, replication: Int, configs: [String: String] = [:]) {
        self.name = name
        self.partitionCount = partitionCount
        self.replication = replication
        self.configs = configs
    }
}

extension KafkaAdmin {
    /// The brokers that the cluster considers alive.
    public func brokers(within limit: Duration) async throws -> KafkaBrokers {
        try await look { handle in
            let metadata = try Metadata(of: nil, handle, within: limit)
            let controller = hub_kafka_controller(handle.pointer, limit.millisecondsClamped)
            var id = [CChar](repeating: 0, count: 256)
            let isKnown = hub_kafka_cluster_id(handle.pointer, &id, id.count, limit.millisecondsClamped) == 0
            return KafkaBrokers(
                clusterID: isKnown
                    ? String(decoding: id.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil,
                brokers: metadata.brokers, controller: controller < 0 ? nil : Int(controller))
        }
    }

    /// Topics with their partitions and settings, by name.
    /// - Parameter names: nil for all topics except internal ones; missing topics are left out.
    public func topics(_ names: Set<String>? = nil, within limit: Duration) async throws -> [String: KafkaTopic] {
        var topics = try await layout(names, within: limit)
        if topics.isEmpty { return [:] }
        let configs = try await self.configs(of: topics.keys.sorted(), within: limit)
        for name in topics.keys {
            // Another broker may not know the topic yet, or no longer: it counts as missing.
            topics[name]?.configs = configs[name]?.values ?? [:]
            topics[name]?.ownConfigs = configs[name]?.own ?? []
            if configs[name] == nil { topics[name] = nil }
        }
        return topics
    }

    /// Topics with their partitions only, by name, from the cluster metadata alone.
    /// - Parameter names: nil for all topics except internal ones; missing topics are left out.
    public func layout(_ names: Set<String>? = nil, within limit: Duration) async throws -> [String: KafkaTopic] {
        let (brokers, topics) = try await look { handle in
            let metadata = try Metadata(of: nil, handle, within: limit)
            return (metadata.brokers, metadata.topics)
        }
        cluster.log.answered(alive: brokers.map { "\($0.host):\($0.port)" })
        return topics.filter { name, _ in names?.contains(name) ?? !name.hasPrefix("__") }
    }

    private func configs(
        of topics: [String], within limit: Duration
    ) async throws -> [String: (values: [String: String], own: Set<String>)] {
        try await request(within: limit) { pointer, request, error in
            let names = CStrings(topics)
            return withExtendedLifetime(names) {
                hub_kafka_describe_configs(pointer, names.pointers, Int32(names.pointers.count), request, &error)
            }
        } _: { event throws(KafkaError) in
            var found: [String: (values: [String: String], own: Set<String>)] = [:]
            for (index, result) in event.results.enumerated() {
                // The topic may be deleted between the two requests.
                if let error = result.error {
                    if error.kind == .unknownTopic { continue }
                    throw error
                }
                found[result.name] = event.configs(ofResult: index)
            }
            return found
        }
    }

    /// Creates topics, and waits until all brokers know them.
    /// - Returns: the errors by topic; `alreadyExists` for an existing topic.
    public func createTopics(
        _ topics: [KafkaTopicSpec], within limit: Duration
    ) async throws -> [String: KafkaError] {
        try await change(topics, within: limit, hub_kafka_create_topics)
    }

    /// Increases the partition counts of topics. Keys move to other partitions.
    /// - Returns: the errors by topic.
    public func growTopics(_ topics: [KafkaTopicSpec], within limit: Duration) async throws -> [String: KafkaError] {
        try await change(topics, within: limit, hub_kafka_create_partitions)
    }

    /// Sets settings of topics; other settings stay unchanged.
    ///
    /// librdkafka before 2.2.0 can only replace all settings of a topic (AlterConfigs). There, the topic's settings are read, merged and
    /// written back, and a concurrent change by another operator is lost.
    /// - Returns: the errors by topic.
    public func setConfigs(
        _ configs: [String: [String: String]], within limit: Duration
    ) async throws -> [String: KafkaError] {
        var merged = configs
        if hub_kafka_alters_incrementally() == 0 {
            for (name, known) in try await self.configs(of: configs.keys.sorted(), within: limit) {
                let own = known.values.filter { known.own.contains($0.key) }
                merged[name] = own.merging(configs[name] ?? [:]) { _, new in new }
            }
        }
        let topics = merged.map { KafkaTopicSpec(name: $0.key, partitionCount: 0, replication: 0, configs: $0.value) }
        return try await change(topics, within: limit, hub_kafka_alter_configs)
    }

    private typealias TopicChange =
        @Sendable (
            OpaquePointer?, UnsafePointer<hub_kafka_topic_spec>?, Int32, hub_kafka_request,
            UnsafeMutablePointer<hub_kafka_error>?
        ) -> Int32

    private func change(
        _ topics: [KafkaTopicSpec], within limit: Duration, _ change: @escaping TopicChange
    ) async throws -> [String: KafkaError] {
        if topics.isEmpty { return [:] }
        return try await request(within: limit) { pointer, request, error in
            let strings = CStrings()
            let configs = topics.map { topic in
                topic.configs.map {
                    hub_kafka_config(name: strings.append($0.key), value: strings.append($0.value))
                }
            }
            // One array, so that pointers into it stay valid for all elements.
            return withExtendedLifetime(strings) {
                Array(configs.joined()).withUnsafeBufferPointer { all in
                    var from = 0
                    let specs = zip(topics, configs).map { topic, configs in
                        defer { from += configs.count }
                        return hub_kafka_topic_spec(
                            name: strings.append(topic.name), configs: all.baseAddress.map { $0 + from },
                            config_count: Int32(configs.count), partition_count: Int32(clamping: topic.partitionCount),
                            replication: Int32(clamping: topic.replication))
                    }
                    return change(pointer, specs, Int32(specs.count), request, &error)
                }
            }
        } _: { event in
            event.errors
        }
    }

    /// Deletes topics with their records.
    /// - Returns: the errors by topic; `unknownTopic` for a missing one.
    public func deleteTopics(_ names: [String], within limit: Duration) async throws -> [String: KafkaError] {
        if names.isEmpty { return [:] }
        return try await request(within: limit) { pointer, request, error in
            let strings = CStrings(names)
            return withExtendedLifetime(strings) {
                hub_kafka_delete_topics(pointer, strings.pointers, Int32(strings.pointers.count), request, &error)
            }
        } _: { event in
            event.errors
        }
    }

    /// Deletes the records below an offset of each partition.
    /// - Returns: the errors by partition.
    public func deleteRecords(
        before offsets: [KafkaPartition: Int64], within limit: Duration
    ) async throws -> [KafkaPartition: KafkaError] {
        if offsets.isEmpty { return [:] }
        return try await request(within: limit) { pointer, request, error in
            KafkaPartition.withC(offsets.map { ($0.key, $0.value) }) {
                hub_kafka_delete_records(pointer, $0, Int32($0.count), request, &error)
            }
        } _: { event in
            event.partitions.reduce(into: [:]) { errors, entry in
                if let error = entry.error { errors[entry.partition] = error }
            }
        }
    }
}

extension ClientEvent {
    fileprivate func configs(ofResult result: Int) -> (values: [String: String], own: Set<String>) {
        var values: [String: String] = [:], own: Set<String> = []
        for index in 0..<hub_kafka_event_config_count(raw, Int32(result)) {
            let entry = hub_kafka_event_config(raw, Int32(result), index)
            guard let name = entry.name.map({ String(cString: $0) }), let value = entry.value else { continue }
            values[name] = String(cString: value)
            if entry.is_default == 0 { own.insert(name) }
        }
        return (values, own)
    }
}
