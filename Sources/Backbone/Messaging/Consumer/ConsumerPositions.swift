internal import Avro
public import Contracts
public import Postgres

/// The next offset of a group in each partition, and which member may change it. Stored in the schema of the group's service, so that an
/// offset commits together with the effects before it.
///
/// A member that gets a partition from the log first locks the partition's row and increments its epoch. Every transaction with effects
/// checks its epoch against the row and fails when they differ. This fences a frozen member: when it resumes after another member has
/// taken its partitions, it can change nothing. The log's committed offsets are only for tools.
public struct ConsumerPositions: Sendable {
    let group: ConsumerGroup
    let database: Database

    /// - Parameter database: has access to the schema of the group's service.
    public init(of group: ConsumerGroup, in database: Database) {
        self.group = group
        self.database = database
    }

    private var table: SQL { "\(quoted: group.service.rawValue).consumer_position" }

    /// Gives the caller the right to move the offset. Waits for a running transaction of the previous holder.
    /// - Returns: the tenure and the next offset; nil when the group has never read the partition.
    func take(_ partition: TopicPartition) async throws -> (tenure: Tenure, next: Int64?) {
        let rows = try await database.query(
            """
            insert into \(table) as p (consumer_group, topic, partition, epoch)
            values (\(group.rawValue), \(partition.topic), \(Int32(clamping: partition.partition)), 1)
            on conflict (consumer_group, topic, partition) do update set epoch = p.epoch + 1
            returning epoch, next_offset
            """)
        guard let (epoch, next) = try rows.first?.decode(Int64.self, Int64?.self) else {
            throw EventLogError.leaseLost(partition)
        }
        return (Tenure(group: group, partition: partition, epoch: epoch), next)
    }

    /// Moves the offset without effects.
    /// - Throws: ``EventLogError/leaseLost(_:)`` when the tenure has ended.
    func move(_ tenure: Tenure, to offset: Int64) async throws {
        let moved = try await database.execute(
            """
            update \(table) set next_offset = \(offset)
            where consumer_group = \(group.rawValue) and topic = \(tenure.partition.topic)
                and partition = \(Int32(clamping: tenure.partition.partition)) and epoch = \(tenure.epoch)
            """)
        if moved != 1 { throw EventLogError.leaseLost(tenure.partition) }
    }

    /// The group's lag in each partition it has started, from its own offsets; only the end offsets come from the log.
    func standing(on log: any EventLog) async throws -> [GroupPosition] {
        var marks: [String: [TopicPartition: Range<Int64>]] = [:]
        var positions: [GroupPosition] = []
        for (partition, next) in try await offsets() {
            let topic = partition.topic
            if marks[topic] == nil { marks[topic] = try await log.watermarks(of: topic) }
            guard let mark = marks[topic]?[partition] else { continue }
            let place = min(max(next, mark.lowerBound), mark.upperBound)
            let oldest = place < mark.upperBound ? try await log.record(at: LogPosition(partition, place)) : nil
            positions.append(
                GroupPosition(
                    group: group.rawValue, partition: partition, committed: next, end: mark.upperBound,
                    lag: mark.upperBound - place, oldestUnprocessed: oldest?.time, isHeld: true))
        }
        return positions
    }

    /// The partitions among `positions` that end before the group's own offset, as after a topic is created again. The group has stopped
    /// there until a reset.
    public func stopped(among positions: [GroupPosition]) async throws -> [TopicPartition] {
        let ends = Dictionary(positions.map { ($0.partition, $0.end) }) { $1 }
        do {
            return try await offsets().filter { partition, next in ends[partition].map { next > $0 } ?? false }
                .map(\.partition)
        } catch let error as PostgresError where error.isOfMissingTable {
            // The service has never run here.
            return []
        }
    }

    /// The group's own offsets.
    private func offsets() async throws -> [(partition: TopicPartition, next: Int64)] {
        try await database.query(
            """
            select topic, partition, next_offset from \(table)
            where consumer_group = \(group.rawValue) and next_offset is not null order by topic, partition
            """
        ).map { row in
            let (topic, number, next) = try row.decode(String.self, Int32.self, Int64.self)
            return (TopicPartition(topic, Int(number)), next)
        }
    }

    /// Sets the next offsets of a stopped group, here and in the log. A member that still holds a partition loses it.
    /// - Throws: ``EventLogError/groupInUse(_:)`` while the group has members.
    public func reset(to offsets: [TopicPartition: Int64], on log: any EventLog) async throws {
        // The log knows whether the group has members, so it is called first. The whole operation is idempotent.
        try await log.resetOffsets(of: group.rawValue, to: offsets)
        let offsets = offsets.sorted { $0.key < $1.key }
        _ = try await database.execute(
            """
            insert into \(table) as p (consumer_group, topic, partition, epoch, next_offset)
            select \(group.rawValue), o.topic, o.partition, 1, o.next_offset
            from unnest(\(offsets.map(\.key.topic)), \(offsets.map { Int32(clamping: $0.key.partition) }), \(offsets.map(\.value)))
                as o (topic, partition, next_offset)
            on conflict (consumer_group, topic, partition) do update
            set epoch = p.epoch + 1, next_offset = excluded.next_offset
            """)
    }
}

/// The right to handle a partition's events for a group, until another member takes it over.
struct Tenure: Sendable, Hashable {
    let group: ConsumerGroup
    let partition: TopicPartition
    let epoch: Int64

    /// Makes `tx` fail unless the tenure lasts until the commit. Concurrent transactions of one tenure may do so.
    /// - Throws: ``EventLogError/leaseLost(_:)`` when the tenure has ended.
    func hold(on tx: Transaction) async throws {
        let rows = try await tx.query(
            """
            select from consumer_position
            where consumer_group = \(group.rawValue) and topic = \(partition.topic)
                and partition = \(Int32(clamping: partition.partition)) and epoch = \(epoch)
            for share
            """)
        if rows.isEmpty { throw EventLogError.leaseLost(partition) }
    }
}

/// The change of a partition's offset by a transaction.
struct PositionMove: Sendable {
    let tenure: Tenure
    /// nil keeps the offset and allows concurrent transactions of the tenure.
    let next: Int64?
}
