internal import Postgres

extension PostgresLog {
    public func apply(_ topics: [TopicSettings]) async throws {
        for topic in topics where topic.partitionCount < 1 || topic.name.isEmpty || topic.name.utf8.count > 249 {
            throw EventLogError.invalid("topic '\(topic.name)' with \(topic.partitionCount) partitions")
        }
        let topics = topics.sorted { $0.name < $1.name }
        try await database.transaction { tx in
            // One at a time: several services declare their topics at once when a hub starts.
            _ = try await tx.query("select pg_advisory_xact_lock(hashtextextended('event_log.topic', 0))")
            for topic in topics {
                _ = try await tx.execute(
                    """
                    insert into event_log.topic (name, retention_ms, replication_count)
                    values (\(topic.name), \(topic.retention.milliseconds), \(Int32(clamping: topic.replicationCount)))
                    on conflict (name) do update
                    set retention_ms = excluded.retention_ms, replication_count = excluded.replication_count
                    """)
                _ = try await tx.execute(
                    """
                    insert into event_log.partition (topic_id, partition)
                    select t.topic_id, n from event_log.topic t, generate_series(0, \(Int32(clamping: topic.partitionCount - 1))) n
                    where t.name = \(topic.name)
                    on conflict (topic_id, partition) do nothing
                    """)
            }
            _ = try await tx.query("select pg_notify('event_log', 't')")
        }
        directory.forget()
    }

    public func topics() async throws -> [TopicSummary] {
        let rows = try await database.query(
            """
            select t.name, count(*)::int, t.retention_ms, t.replication_count,
                sum(p.next_offset - p.first_offset)::bigint
            from event_log.topic t join event_log.partition p using (topic_id)
            group by t.topic_id order by t.name
            """)
        return try rows.map { row in
            let (name, partitions, retention, replication, messages) = try row.decode(
                String.self, Int32.self, Int64.self, Int32.self, Int64.self)
            let settings = TopicSettings(
                name: name, partitionCount: Int(partitions), retention: .milliseconds(retention),
                replicationCount: Int(replication))
            return TopicSummary(settings: settings, messageCount: messages)
        }
    }

    public func deleteTopics(_ names: [String]) async throws {
        let ofTopics: SQL = """
            partition_id in (
                select p.partition_id from event_log.partition p join event_log.topic t using (topic_id)
                where t.name = any(\(names)))
            """
        try await database.delete(from: "event_log.record", where: ofTopics, stepCountMax: limits.retentionCountMax)
        try await database.transaction { tx in
            // What was appended meanwhile.
            _ = try await tx.execute("delete from event_log.record where \(ofTopics)")
            _ = try await tx.execute("delete from event_log.topic where name = any(\(names))")
            _ = try await tx.query("select pg_notify('event_log', 't')")
        }
        directory.forget()
    }
}

extension Duration {
    /// Whole milliseconds; what does not fit is the largest that does.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
