internal import Postgres
internal import Synchronization

/// The ids of topics' partitions, kept in memory: they are asked for with every batch and change almost never.
final class TopicDirectory: Sendable {
    private let read: @Sendable (_ topic: String) async throws -> [Int64]
    private let state = Mutex(State())

    private struct State {
        var known: [String: [Int64]] = [:]
        /// Rises with each ``forget()``.
        var generation: UInt64 = 0
    }

    /// - Parameter read: asks for the partition ids of a topic, in order; none when there is no such topic.
    init(read: @escaping @Sendable (_ topic: String) async throws -> [Int64]) { self.read = read }

    convenience init(database: Database) {
        self.init { topic in
            let rows = try await database.query(
                """
                select p.partition_id from event_log.partition p join event_log.topic t using (topic_id)
                where t.name = \(topic) order by p.partition
                """)
            return try rows.map { try $0.decode(Int64.self) }
        }
    }

    /// The partition ids of a topic, by partition number; nil when there is no such topic.
    func partitions(of topic: String) async throws -> [Int64]? {
        let (known, generation) = state.withLock { ($0.known[topic], $0.generation) }
        if let known { return known }
        let ids = try await read(topic)
        if ids.isEmpty { return nil }
        // What was read before a change was announced may be from before it: it is good for this once, and not kept.
        state.withLock { state in
            if state.generation == generation { state.known[topic] = ids }
        }
        return ids
    }

    /// The id of one partition.
    /// - Throws: ``EventLogError/unknownTopic(_:)`` also for a partition number the topic does not have.
    func id(of partition: TopicPartition) async throws -> Int64 {
        guard let ids = try await partitions(of: partition.topic), ids.indices.contains(partition.partition) else {
            throw EventLogError.unknownTopic(partition.description)
        }
        return ids[partition.partition]
    }

    /// Topics were made, changed or removed: what is known is asked for again.
    func forget() {
        state.withLock { state in
            state.known = [:]
            state.generation += 1
        }
    }
}
