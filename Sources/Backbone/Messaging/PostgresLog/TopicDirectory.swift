internal import Postgres
internal import Synchronization

/// Caches what appends and reads need to know about topics: it is needed for every batch and rarely changes.
final class TopicDirectory: Sendable {
    struct Topic: Sendable, Equatable {
        /// Indexed by partition number.
        var partitionIDs: [Int64]
        var recordBytesMax: Int
    }

    private let read: @Sendable (_ topic: String) async throws -> Topic?
    private let state = Mutex(State())

    private struct State {
        var known: [String: Topic] = [:]
        /// Incremented by each ``forget()``.
        var generation: UInt64 = 0
    }

    /// - Parameter read: queries the database.
    init(read: @escaping @Sendable (_ topic: String) async throws -> Topic?) { self.read = read }

    convenience init(database: Database) {
        self.init { topic in
            let rows = try await database.query(
                """
                select t.record_bytes_max, array_agg(p.partition_id order by p.partition)
                from event_log.partition p join event_log.topic t using (topic_id) where t.name = \(topic) group by t.topic_id
                """)
            return try rows.first.map { row in
                let (recordBytesMax, partitionIDs) = try row.decode(Int64.self, [Int64].self)
                return Topic(partitionIDs: partitionIDs, recordBytesMax: Int(clamping: recordBytesMax))
            }
        }
    }

    /// nil when there is no such topic.
    func topic(_ name: String) async throws -> Topic? {
        let (known, generation) = state.withLock { ($0.known[name], $0.generation) }
        if let known { return known }
        guard let topic = try await read(name) else { return nil }
        // A result read before a change was announced may be outdated: it is used once, and not cached.
        state.withLock { state in
            if state.generation == generation { state.known[name] = topic }
        }
        return topic
    }

    /// The id of one partition.
    /// - Throws: ``EventLogError/unknownTopic(_:)``, also for an unknown partition number.
    func id(of partition: TopicPartition) async throws -> Int64 {
        guard let topic = try await topic(partition.topic), topic.partitionIDs.indices.contains(partition.partition)
        else {
            throw EventLogError.unknownTopic(partition.description)
        }
        return topic.partitionIDs[partition.partition]
    }

    /// Topics changed: clears the cache.
    func forget() {
        state.withLock { state in
            state.known = [:]
            state.generation += 1
        }
    }
}
