internal import Contracts
internal import Postgres

/// Records which events a group has handled. The inbox row commits together with the effect.
struct Inbox: Sendable {
    let group: String

    /// Inserts events and returns which are new, in one statement that also moves the offsets. Waits for a concurrent transaction that
    /// inserts the same event.
    /// - Parameter moves: the next offsets of the events' partitions; none in a replay.
    /// - Returns: the ids of the new events.
    /// - Throws: ``EventLogError/leaseLost(_:)`` when a partition's tenure has ended; nothing was inserted then.
    func note(
        _ events: [PreparedEvent], lasting: Duration, moving moves: [PositionMove], on tx: Transaction
    ) async throws -> Set<String> {
        var ids: [String] = [], types: [String] = [], handlers: [String] = []
        ids.reserveCapacity(events.count)
        for event in events {
            ids.append(event.eventID)
            types.append(event.origin.position.partition.topic)
            handlers.append(event.calls.map(\.name).joined(separator: ","))
        }
        let rows = try await tx.query(
            """
            with moved as (\(Self.fence(moves))), noted as (
                insert into inbox (consumer_group, event_id, event_type, handlers, expires_at)
                select \(group), e.id, e.type, e.handlers, clock_timestamp() + \(lasting.milliseconds) * interval '1 millisecond'
                from unnest(\(ids), \(types), \(handlers)) as e (id, type, handlers)
                where (select count(*) from moved) = \(Int64(moves.count))
                on conflict do nothing returning event_id
            )
            select (select count(*) from moved), array(select event_id from noted)
            """)
        guard let (movedCount, fresh) = try rows.first?.decode(Int64.self, [String].self) else { return [] }
        if movedCount != moves.count, let move = moves.first { throw EventLogError.leaseLost(move.tenure.partition) }
        return Set(fresh)
    }

    /// One row for each valid tenure.
    private static func fence(_ moves: [PositionMove]) -> SQL {
        let wanted: SQL = """
            unnest(\(moves.map(\.tenure.group.rawValue)), \(moves.map(\.tenure.partition.topic)),
                \(moves.map { Int32(clamping: $0.tenure.partition.partition) }), \(moves.map(\.tenure.epoch)),
                \(moves.map(\.next))) as m (consumer_group, topic, partition, epoch, next_offset)
            """
        let same: SQL = """
            p.consumer_group = m.consumer_group and p.topic = m.topic and p.partition = m.partition and p.epoch = m.epoch
            """
        if moves.contains(where: { $0.next != nil }) {
            return """
                update consumer_position p set next_offset = coalesce(m.next_offset, p.next_offset)
                from \(wanted) where \(same) returning 1
                """
        }
        return "select 1 from consumer_position p join \(wanted) on \(same) for share of p"
    }

    /// A row must exist as long as its event can be redelivered, from the topic or from the dead letters. One extra day covers the
    /// span of a segment (see ``TopicSettings/segmentMax``), clock differences and delayed clean-up.
    static func lifetime(of topic: Topic?, group: ConsumerGroup) -> Duration {
        let days = max(topic?.retentionDays ?? 0, TopicCatalogue.deadLetter(for: group).retentionDays) + 1
        return .seconds(86_400 * days)
    }

    /// Deletes expired rows of all groups of the schema.
    static func removeExpired(stepCountMax: Int, on database: Database) async throws {
        try await database.delete(
            from: "inbox", where: "expires_at < statement_timestamp()", stepCountMax: stepCountMax)
    }
}
