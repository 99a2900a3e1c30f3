internal import Avro
public import Contracts
public import Postgres

/// Where a group reads on in each partition, and who may say so: kept in the schema of the group's service, so that a position commits
/// together with the effects before it.
///
/// Whoever gets a partition from the log takes its row first, which raises the row's epoch. Every transaction that makes effects names
/// the epoch it knows, and fails when that is not the row's: a member that was frozen, and wakes when another has its partitions,
/// changes nothing, whatever it believes. The log has no part in this; what it knows of positions is for tools.
public struct ConsumerPositions: Sendable {
    let group: ConsumerGroup
    let database: Database

    /// - Parameter database: reaches the schema of the group's service.
    public init(of group: ConsumerGroup, in database: Database) {
        self.group = group
        self.database = database
    }

    private var table: SQL { "\(quoted: group.service.rawValue).consumer_position" }

    /// Makes the caller the one who may move the position. Waits for a transaction of the one before, if one is under way.
    /// - Returns: the tenure, and where to read on; nil when the group has never read the partition.
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

    /// Moves a position on, with no effect beside it.
    /// - Throws: ``EventLogError/leaseLost(_:)`` when the tenure is over.
    func move(_ tenure: Tenure, to offset: Int64) async throws {
        let moved = try await database.execute(
            """
            update \(table) set next_offset = \(offset)
            where consumer_group = \(group.rawValue) and topic = \(tenure.partition.topic)
                and partition = \(Int32(clamping: tenure.partition.partition)) and epoch = \(tenure.epoch)
            """)
        if moved != 1 { throw EventLogError.leaseLost(tenure.partition) }
    }

    /// How far the group is behind in each partition it has begun, by its own positions: the log is asked for what it holds alone.
    func standing(on log: any EventLog) async throws -> [GroupPosition] {
        let rows = try await database.query(
            """
            select topic, partition, next_offset from \(table)
            where consumer_group = \(group.rawValue) and next_offset is not null order by topic, partition
            """)
        var marks: [String: [TopicPartition: Range<Int64>]] = [:]
        var positions: [GroupPosition] = []
        for row in rows {
            let (topic, number, next) = try row.decode(String.self, Int32.self, Int64.self)
            let partition = TopicPartition(topic, Int(number))
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

    /// Sets where a group that nobody uses reads on, here and on the log. Whoever still believes to hold a partition loses it.
    /// - Throws: ``EventLogError/groupInUse(_:)`` while members hold the group.
    public func reset(to offsets: [TopicPartition: Int64], on log: any EventLog) async throws {
        // The log knows whether anybody uses the group, so it comes first; asked again, all of this does the same.
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

/// The right to make effects of a partition's events for a group, until another takes it.
struct Tenure: Sendable, Hashable {
    let group: ConsumerGroup
    let partition: TopicPartition
    let epoch: Int64

    /// Makes `tx` fail unless the tenure lasts until it has committed. Transactions of one tenure may do so at the same time.
    /// - Throws: ``EventLogError/leaseLost(_:)`` when it is over.
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

/// How far a transaction moves the position of a partition.
struct PositionMove: Sendable {
    let tenure: Tenure
    /// Nil leaves it where it is, and lets other transactions of the tenure do so at the same time.
    let next: Int64?
}
