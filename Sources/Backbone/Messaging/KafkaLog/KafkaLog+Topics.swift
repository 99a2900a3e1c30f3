internal import EventLoop
internal import Kafka

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension KafkaLog {
    public func apply(_ changes: [TopicChange]) async throws {
        var create: [KafkaTopicSpec] = [], grow: [KafkaTopicSpec] = []
        var configs: [String: [String: String]] = [:]
        func set(_ change: TopicChange, _ name: String, _ value: some CustomStringConvertible) {
            configs[change.topic, default: [:]][name] = "\(value)"
        }
        for change in changes {
            switch change.kind {
            case .create(let topic):
                create.append(
                    KafkaTopicSpec(
                        name: topic.name, partitionCount: topic.partitionCount, replication: topic.replicationCount,
                        configs: KafkaTopicSettings.configs(of: topic)))
            case .grow(_, let count):
                grow.append(KafkaTopicSpec(name: change.topic, partitionCount: count, replication: 0))
            case .setRetention(_, let retention): set(change, KafkaTopicSettings.retention, retention.milliseconds)
            case .setRecordBytesMax(_, let bytes):
                set(change, KafkaTopicSettings.batchBytesMax, KafkaTopicSettings.batchBytes(of: bytes))
            case .setInSyncReplicasMin(_, let count): set(change, KafkaTopicSettings.inSyncReplicasMin, count)
            case .setSegmentMax(_, let time): set(change, KafkaTopicSettings.segment, time.milliseconds)
            case .shrink, .setReplication: throw EventLogError.invalid("\(change)")
            }
        }
        try await attempt { admin in
            try await self.create(create, admin)
            // A retry finds the partitions that the first attempt created.
            let counts = try await admin.topics(Set(grow.map(\.name)), within: limits.requestMax)
                .mapValues(\.partitions.count)
            let small = grow.filter { counts[$0.name] ?? 0 < $0.partitionCount }
            try check(try await admin.growTopics(small, within: limits.changeMax)) { _ in false }
            if !configs.isEmpty {
                try check(try await admin.setConfigs(configs, within: limits.changeMax)) { _ in false }
            }
            try await settle(create + grow, admin)
        }
    }

    private func create(_ topics: [KafkaTopicSpec], _ admin: KafkaAdmin) async throws {
        try check(try await admin.createTopics(topics, within: limits.changeMax)) { $0.kind == .alreadyExists }
    }

    /// Waits until topics are usable: brokers receive new metadata at different times.
    private func settle(_ topics: [KafkaTopicSpec], _ admin: KafkaAdmin) async throws {
        if topics.isEmpty { return }
        try await wait(until: "new topics have leaders") {
            let known = try await admin.topics(Set(topics.map(\.name)), within: limits.requestMax)
            // The old topic was still being deleted when this one was created.
            let missing = topics.filter { $0.replication > 0 && known[$0.name] == nil }
            if !missing.isEmpty { try await create(missing, admin) }
            return topics.allSatisfy { topic in
                guard let partitions = known[topic.name]?.partitions else { return false }
                return partitions.count >= topic.partitionCount && partitions.allSatisfy { $0.leader != nil }
            }
        }
    }

    private func wait(until what: String, _ isSo: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + limits.changeMax
        while !(try await isSo()) {
            if ContinuousClock.now > end { throw EventLogError.unavailable("still waiting until \(what)") }
            try await loop.sleep(for: .milliseconds(100))
        }
    }

    /// The first retained and the next offset of each partition. Retried for partitions that a broker does not know yet.
    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func marks(of partitions: [KafkaPartition], _ admin: KafkaAdmin) async throws -> [KafkaPartition: Range<Int64>] {
        let end = ContinuousClock.now + limits.requestMax
        while true {
            do {
                return try await admin.watermarks(of: partitions, within: limits.requestMax)
            } catch let error as KafkaError
                where [.unknownTopic, .passing].contains(error.kind) && ContinuousClock.now < end
            {
                // Or a leader election is in progress.
                try await requireKnown(partitions, admin)
                try await loop.sleep(for: .milliseconds(100))
            }
        }
    }

    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func requireKnown(_ partitions: [KafkaPartition], _ admin: KafkaAdmin) async throws {
        let counts = Dictionary(partitions.map { ($0.topic, $0.number + 1) }, uniquingKeysWith: max)
        let known = try await known(counts, admin)
        for (topic, count) in counts where (known[topic]?.partitions.count ?? 0) < count {
            throw EventLogError.unknownTopic(topic)
        }
    }

    /// - Throws: ``EventLogError`` for the first topic that failed.
    private func check(_ errors: [String: KafkaError], except isDone: (KafkaError) -> Bool) throws {
        for (topic, error) in errors.sorted(by: { $0.key < $1.key }) where !isDone(error) {
            if error.kind == .unknownTopic { throw EventLogError.unknownTopic(topic) }
            var named = error
            named.message = "topic \(topic): \(error.message)"
            throw named
        }
    }

    /// A broker receives metadata from the controller; a broker that has just started or was cut off receives it later than the others.
    public var topicsHeardOfWithin: Duration { .seconds(15) }

    public func topics(_ names: [String]) async throws -> [TopicSummary] {
        try await attempt { admin in
            let (topics, marks) = try await marked(Set(names), admin)
            var counts: [String: Int64] = [:]
            for (partition, range) in marks {
                counts[partition.topic, default: 0] += range.upperBound - range.lowerBound
            }
            return topics.sorted { $0.name < $1.name }.map {
                TopicSummary(settings: KafkaTopicSettings.settings(of: $0), messageCount: counts[$0.name] ?? 0)
            }
        }
    }

    /// Topics with their offset ranges. A topic that is missing or deleted meanwhile is left out.
    func marked(
        _ names: Set<String>, _ admin: KafkaAdmin
    ) async throws -> (topics: [KafkaTopic], marks: [KafkaPartition: Range<Int64>]) {
        var topics = try await admin.topics(names, within: limits.requestMax)
        while true {
            let partitions = topics.values.flatMap { topic in
                topic.partitions.indices.map { KafkaPartition(topic.name, $0) }
            }
            do {
                return (Array(topics.values), try await marks(of: partitions, admin))
            } catch EventLogError.unknownTopic(let name) where topics[name] != nil {
                topics[name] = nil
            }
        }
    }

    public func deleteTopics(_ names: [String]) async throws {
        try await attempt { admin in
            try check(try await admin.deleteTopics(names, within: limits.changeMax)) { $0.kind == .unknownTopic }
            // Brokers learn of the deletion at different times, and any of them may be asked.
            var looks = 0
            try await wait(until: "topics are deleted") {
                looks = try await admin.layout(Set(names), within: limits.requestMax).isEmpty ? looks + 1 : 0
                return looks >= Self.looksUntilGone
            }
        }
    }

    private static let looksUntilGone = 5

    public func cluster(of topics: [String]) async throws -> LogCluster? {
        try await attempt { admin in
            let brokers = try await admin.brokers(within: limits.requestMax)
            var cluster = LogCluster(
                id: brokers.clusterID, servers: brokers.brokers.map { "\($0.id) at \($0.host):\($0.port)" },
                leaderless: [],
                underReplicated: [])
            let found = try await admin.layout(Set(topics), within: limits.requestMax)
            for topic in found.values.sorted(by: { $0.name < $1.name }) {
                for (number, partition) in topic.partitions.enumerated() {
                    let name = TopicPartition(topic.name, number)
                    if partition.leader == nil { cluster.leaderless.append(name) }
                    if partition.inSync.count < partition.replicas.count { cluster.underReplicated.append(name) }
                }
            }
            return cluster
        }
    }

    public func watermarks(of topic: String) async throws -> [TopicPartition: Range<Int64>] {
        try await attempt { admin in
            let partitions = try await self.partitions(of: topic, admin)
            let marks = try await self.marks(of: partitions, admin)
            return Dictionary(uniqueKeysWithValues: marks.map { (TopicPartition($0.key), $0.value) })
        }
    }

    public func offsets(of topic: String, at time: Date) async throws -> [TopicPartition: Int64] {
        try await attempt { admin in
            let partitions = try await self.partitions(of: topic, admin)
            return try await self.offsets(of: partitions, at: time, admin)
        }
    }

    /// For each partition, the first offset at or after a time; the end offset when there is none.
    func offsets(
        of partitions: [KafkaPartition], at time: Date, _ admin: KafkaAdmin
    ) async throws -> [TopicPartition: Int64] {
        // Record timestamps are in milliseconds, so the time is rounded up.
        let milliseconds = Int64((time.timeIntervalSince1970 * 1_000).rounded(.up))
        let marks = try await self.marks(of: partitions, admin)
        let found = try await admin.offsets(
            at: Dictionary(partitions.map { ($0, milliseconds) }) { first, _ in first }, within: limits.requestMax)
        return Dictionary(
            uniqueKeysWithValues: marks.map { (TopicPartition($0.key), found[$0.key] ?? $0.value.upperBound) })
    }

    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func partitions(of topic: String, _ admin: KafkaAdmin) async throws -> [KafkaPartition] {
        guard let found = try await known([topic: 1], admin)[topic] else { throw EventLogError.unknownTopic(topic) }
        return found.partitions.indices.map { KafkaPartition(topic, $0) }
    }

    /// Topics by name. The broker may not know a new or grown topic yet: the request is retried for ``Limits/unknownTopicMax``.
    /// - Parameter counts: the minimum number of partitions, by topic.
    func known(_ counts: [String: Int], _ admin: KafkaAdmin) async throws -> [String: KafkaTopic] {
        let end = ContinuousClock.now + limits.unknownTopicMax
        while true {
            let found = try await admin.layout(Set(counts.keys), within: limits.requestMax)
            let isWhole = counts.allSatisfy { topic, count in (found[topic]?.partitions.count ?? 0) >= count }
            if isWhole || ContinuousClock.now > end { return found }
            try await loop.sleep(for: .milliseconds(100))
        }
    }

    /// Queries the brokers, and retries temporary errors: right after its start, a broker knows no coordinator and has not loaded its
    /// groups' committed offsets.
    /// - Parameter body: must be idempotent.
    func attempt<Result>(_ body: (KafkaAdmin) async throws -> Result) async throws -> Result {
        let end = ContinuousClock.now + limits.passingMax
        var pause = Duration.milliseconds(100)
        while true {
            do {
                return try await body(try await admin())
            } catch let error as KafkaError where error.isPassingAnswer && ContinuousClock.now + pause < end {
                try await loop.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
            } catch {
                throw EventLogError(error)
            }
        }
    }
}
