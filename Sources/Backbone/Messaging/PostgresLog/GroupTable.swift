internal import Postgres

/// The rows of one group, in a transaction that holds the group's lock.
struct GroupTable {
    let group: String
    let tx: Transaction

    struct Partition: Sendable {
        var id: Int64
        var name: TopicPartition
        var holder: String?
        var generation: Int64
        var committed: Int64?
    }

    /// Serialises changes of a group.
    func lock() async throws {
        _ = try await tx.query("select from event_log.consumer_group where name = \(group) for update")
    }

    func renew(_ member: String, session: Int64, topics: [String], lasting: Duration) async throws {
        _ = try await tx.execute(
            """
            insert into event_log.member (group_name, member_id, session_key, topics, expires_at)
            values (\(group), \(member), \(session), \(topics),
                clock_timestamp() + \(lasting.milliseconds) * interval '1 millisecond')
            on conflict (group_name, member_id) do update set topics = excluded.topics, expires_at = excluded.expires_at
            """)
        _ = try await tx.execute(
            """
            insert into event_log.group_partition (group_name, partition_id)
            select \(group), p.partition_id from event_log.partition p join event_log.topic t using (topic_id)
            where t.name = any(\(topics))
                and not exists (
                    select from event_log.group_partition g
                    where g.group_name = \(group) and g.partition_id = p.partition_id)
            on conflict do nothing
            """)
    }

    /// Deletes members without a recent heartbeat, and members whose process is gone: its advisory lock is free.
    func buryTheDead(except me: String) async throws {
        let dead = try await tx.execute(
            """
            delete from event_log.member where group_name = \(group) and member_id <> \(me)
                and (expires_at < clock_timestamp() or pg_try_advisory_xact_lock(session_key))
            """)
        if dead > 0 { try await freeOrphans() }
    }

    func remove(_ member: String) async throws {
        _ = try await tx.execute(
            "delete from event_log.member where group_name = \(group) and member_id = \(member)")
        try await freeOrphans()
    }

    private func freeOrphans() async throws {
        _ = try await tx.execute(
            """
            update event_log.group_partition g set member_id = null
            where g.group_name = \(group) and g.member_id is not null and not exists (
                select from event_log.member m where m.group_name = g.group_name and m.member_id = g.member_id)
            """)
    }

    func members() async throws -> [Assignment.Member] {
        let rows = try await tx.query("select member_id, topics from event_log.member where group_name = \(group)")
        return try rows.map { row in
            let (id, topics) = try row.decode(String.self, [String].self)
            return Assignment.Member(id: id, topics: Set(topics))
        }
    }

    func partitions() async throws -> [Partition] {
        let rows = try await tx.query(
            """
            select g.partition_id, t.name, p.partition, g.member_id, g.generation, g.committed
            from event_log.group_partition g join event_log.partition p using (partition_id)
                join event_log.topic t using (topic_id)
            where g.group_name = \(group) order by g.partition_id
            """)
        return try rows.map { row in
            let (id, topic, partition, holder, generation, committed) = try row.decode(
                Int64.self, String.self, Int32.self, String?.self, Int64.self, Int64?.self)
            return Partition(
                id: id, name: TopicPartition(topic, Int(partition)), holder: holder, generation: generation,
                committed: committed)
        }
    }

    /// Claims free partitions. Their generation increases, which fences the previous holder.
    func claim(_ partitions: [Int64], for member: String) async throws -> [Int64: Int64] {
        if partitions.isEmpty { return [:] }
        let rows = try await tx.query(
            """
            update event_log.group_partition set member_id = \(member), generation = generation + 1
            where group_name = \(group) and partition_id = any(\(partitions)) and member_id is null
            returning partition_id, generation
            """)
        var claimed: [Int64: Int64] = [:]
        for row in rows {
            let (id, generation) = try row.decode(Int64.self, Int64.self)
            claimed[id] = generation
        }
        return claimed
    }
}
