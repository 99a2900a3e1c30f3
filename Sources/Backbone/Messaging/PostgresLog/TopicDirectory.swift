internal import Postgres
internal import Synchronization

/// The ids of topics' partitions, kept in memory: they are asked for with every batch and change almost never.
final class TopicDirectory: Sendable {
    private let database: Database
    private let known = Mutex<[String: [Int64]]>([:])

    init(database: Database) { self.database = database }

    /// The partition ids of a topic, by partition number; nil when there is no such topic.
    func partitions(of topic: String) async throws -> [Int64]? {
        if let ids = known.withLock({ $0[topic] }) { return ids }
        let rows = try await database.query(
            """
            select p.partition_id from event_log.partition p join event_log.topic t using (topic_id)
            where t.name = \(topic) order by p.partition
            """)
        let ids = try rows.map { try $0.decode(Int64.self) }
        if ids.isEmpty { return nil }
        known.withLock { $0[topic] = ids }
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
    func forget() { known.withLock { $0.removeAll() } }
}
