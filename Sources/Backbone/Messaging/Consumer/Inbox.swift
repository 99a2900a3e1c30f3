internal import Contracts
internal import Postgres

/// The note of what a group has dealt with. It commits together with the effect.
struct Inbox: Sendable {
    let group: String

    /// Notes events and tells which of them are new, in one statement. An event another transaction is noting now is waited for.
    /// - Returns: the ids of the new ones.
    func note(_ events: [PreparedEvent], lasting: Duration, on tx: Transaction) async throws -> Set<String> {
        var ids: [String] = [], types: [String] = [], handlers: [String] = []
        ids.reserveCapacity(events.count)
        for event in events {
            ids.append(event.eventID)
            types.append(event.origin.position.partition.topic)
            handlers.append(event.calls.map(\.name).joined(separator: ","))
        }
        let rows = try await tx.query(
            """
            insert into inbox (consumer_group, event_id, event_type, handlers, expires_at)
            select \(group), e.id, e.type, e.handlers, clock_timestamp() + \(lasting.milliseconds) * interval '1 millisecond'
            from unnest(\(ids), \(types), \(handlers)) as e (id, type, handlers)
            on conflict do nothing returning event_id
            """)
        var fresh = Set<String>(minimumCapacity: rows.count)
        for row in rows { fresh.insert(try row.decode(String.self)) }
        return fresh
    }

    /// A row must be there as long as its event can come again: from the topic, or from the dead letters. One day more for
    /// clocks and slow clean-up.
    static func lifetime(of topic: Topic?, group: ConsumerGroup) -> Duration {
        let days = max(topic?.retentionDays ?? 0, TopicCatalogue.deadLetter(for: group).retentionDays) + 1
        return .seconds(86_400 * days)
    }

    /// Removes rows of all groups of the schema that no event can need any more.
    static func removeExpired(stepCountMax: Int, on database: Database) async throws {
        try await database.delete(
            from: "inbox", where: "expires_at < statement_timestamp()", stepCountMax: stepCountMax)
    }
}
