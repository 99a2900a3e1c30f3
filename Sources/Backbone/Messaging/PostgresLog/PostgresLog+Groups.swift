internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The acknowledged offset of a lease.
struct OffsetCommit: Sendable {
    let id: Int64
    let generation: Int64
    let offset: Int64
}

extension PostgresLog {
    public func subscribe(
        _ group: String, to topics: [String], limits: SubscriptionLimits
    ) async throws -> any Subscription {
        for topic in topics where try await directory.topic(topic) == nil {
            throw EventLogError.unknownTopic(topic)
        }
        _ = try await database.execute(
            "insert into event_log.consumer_group (name) values (\(group)) on conflict do nothing")
        return PostgresSubscription(log: self, group: group, topics: topics, limits: limits)
    }

    /// Stores the offsets of a member's partitions. Leases the member has lost are skipped.
    ///
    /// Commits asynchronously: an offset lost in a server crash is stored again with the next one.
    func store(_ commits: [OffsetCommit], of group: String, by memberID: String) async throws {
        if commits.isEmpty { return }
        let commits = commits.sorted { $0.id < $1.id }
        _ = try await database.execute(
            """
            with relaxed as (select set_config('synchronous_commit', 'off', true) as value)
            update event_log.group_partition g set committed = c.committed
            from relaxed, unnest(\(commits.map(\.id)), \(commits.map(\.generation)), \(commits.map(\.offset)))
                as c (id, generation, committed)
            where g.group_name = \(group) and g.partition_id = c.id and g.generation = c.generation
                and g.member_id = \(memberID) and relaxed.value is not null
            """)
    }

    public func positions(of groups: [String]?) async throws -> [GroupPosition] {
        let rows = try await database.query(
            """
            select g.group_name, t.name, p.partition, g.committed, p.next_offset,
                p.next_offset - greatest(coalesce(g.committed, p.first_offset), p.first_offset), r.time,
                exists (
                    select from event_log.member m
                    where m.group_name = g.group_name and m.member_id = g.member_id and m.expires_at > clock_timestamp())
            from event_log.group_partition g join event_log.partition p using (partition_id)
                join event_log.topic t using (topic_id)
                left join event_log.record r on r.partition_id = g.partition_id
                    and r."offset" = greatest(coalesce(g.committed, p.first_offset), p.first_offset)
            where \(groups == nil) or g.group_name = any(\(groups ?? []))
            order by 1, 2, 3
            """)
        return try rows.map { row in
            let (group, topic, partition, committed, end, lag, oldest, isHeld) = try row.decode(
                String.self, String.self, Int32.self, Int64?.self, Int64.self, Int64.self, Date?.self, Bool.self)
            return GroupPosition(
                group: group, partition: TopicPartition(topic, Int(partition)), committed: committed, end: end,
                lag: max(0, lag), oldestUnprocessed: oldest, isHeld: isHeld)
        }
    }

    public func memberCounts(of groups: [String]) async throws -> [String: Int]? { nil }

    public func resetOffsets(of group: String, to offsets: [TopicPartition: Int64]) async throws {
        var targets: [(id: Int64, offset: Int64)] = []
        for (partition, offset) in offsets {
            targets.append((try await directory.id(of: partition), offset))
        }
        let ids = targets.map(\.id), wanted = targets.map(\.offset)
        try await database.transaction { tx in
            _ = try await tx.execute(
                "insert into event_log.consumer_group (name) values (\(group)) on conflict do nothing")
            try await Self.requireUnused(group, tx)
            // The generation increases, so that a member believed dead cannot undo the reset.
            _ = try await tx.execute(
                """
                insert into event_log.group_partition (group_name, partition_id, committed, generation)
                select \(group), o.id, o.wanted, 1 from unnest(\(ids), \(wanted)) as o (id, wanted)
                on conflict (group_name, partition_id) do update
                set committed = excluded.committed, generation = event_log.group_partition.generation + 1, member_id = null
                """)
        }
    }

    public func deleteGroup(_ group: String) async throws {
        try await database.transaction { tx in
            try await Self.requireUnused(group, tx)
            _ = try await tx.execute("delete from event_log.consumer_group where name = \(group)")
        }
    }

    /// Acquires the group's lock and verifies that the group has no active member.
    private static func requireUnused(_ group: String, _ tx: Transaction) async throws {
        _ = try await tx.query("select from event_log.consumer_group where name = \(group) for update")
        let living = try await tx.query(
            """
            select from event_log.member where group_name = \(group) and expires_at > clock_timestamp()
                and not pg_try_advisory_xact_lock(session_key)
            """)
        if living.count > 0 { throw EventLogError.groupInUse(group) }
        _ = try await tx.execute("delete from event_log.member where group_name = \(group)")
    }
}
