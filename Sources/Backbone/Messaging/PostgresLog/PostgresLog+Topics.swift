internal import Postgres

extension PostgresLog {
    public func apply(_ changes: [TopicChange]) async throws {
        for change in changes {
            guard case .create(let topic) = change.kind else { continue }
            if topic.partitionCount < 1 || topic.name.isEmpty || topic.name.utf8.count > 249 {
                throw EventLogError.invalid("topic '\(topic.name)' with \(topic.partitionCount) partitions")
            }
        }
        try await database.transaction { tx in
            // Serialised: two hubs may start at the same time.
            _ = try await tx.query("select pg_advisory_xact_lock(hashtextextended('event_log.topic', 0))")
            for change in changes { try await apply(change, tx) }
            _ = try await tx.query("select pg_notify('event_log', 't')")
        }
        directory.forget()
    }

    private func apply(_ change: TopicChange, _ tx: Transaction) async throws {
        func set(_ column: SQL) async throws {
            _ = try await tx.execute("update event_log.topic set \(column) where name = \(change.topic)")
        }
        switch change.kind {
        case .create(let topic):
            _ = try await tx.execute(
                """
                insert into event_log.topic (name, retention_ms, replication_count, record_bytes_max, in_sync_replicas_min)
                values (\(topic.name), \(topic.retention.milliseconds), \(Int32(clamping: topic.replicationCount)),
                    \(Int64(topic.recordBytesMax)), \(Int32(clamping: topic.inSyncReplicasMin)))
                on conflict (name) do nothing
                """)
            try await makePartitions(of: topic.name, topic.partitionCount, tx)
        case .grow(_, let count): try await makePartitions(of: change.topic, count, tx)
        case .setRetention(_, let retention): try await set("retention_ms = \(retention.milliseconds)")
        case .setRecordBytesMax(_, let bytes): try await set("record_bytes_max = \(Int64(bytes))")
        case .setInSyncReplicasMin(_, let count): try await set("in_sync_replicas_min = \(Int32(clamping: count))")
        case .setReplication(_, let count): try await set("replication_count = \(Int32(clamping: count))")
        case .setSegmentMax: break
        case .shrink: throw EventLogError.invalid("\(change)")
        }
    }

    private func makePartitions(of topic: String, _ count: Int, _ tx: Transaction) async throws {
        _ = try await tx.execute(
            """
            insert into event_log.partition (topic_id, partition)
            select t.topic_id, n from event_log.topic t, generate_series(0, \(Int32(clamping: count - 1))) n
            where t.name = \(topic)
            on conflict (topic_id, partition) do nothing
            """)
    }

    public var topicsHeardOfWithin: Duration { .zero }

    public func topics(_ names: [String]) async throws -> [TopicSummary] {
        let rows = try await database.query(
            """
            select t.name, count(*)::int, t.retention_ms, t.record_bytes_max, t.replication_count, t.in_sync_replicas_min,
                sum(p.next_offset - p.first_offset)::bigint
            from event_log.topic t join event_log.partition p using (topic_id)
            where t.name = any(\(names)) group by t.topic_id order by t.name
            """)
        return try rows.map { row in
            let (name, partitions, retention, recordBytesMax, replication, inSync, messages) = try row.decode(
                String.self, Int32.self, Int64.self, Int64.self, Int32.self, Int32.self, Int64.self)
            let settings = TopicSettings(
                name: name, partitionCount: Int(partitions), retention: .milliseconds(retention),
                recordBytesMax: Int(clamping: recordBytesMax), replicationCount: Int(replication),
                inSyncReplicasMin: Int(inSync))
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
            // Records appended meanwhile.
            _ = try await tx.execute("delete from event_log.record where \(ofTopics)")
            _ = try await tx.execute("delete from event_log.topic where name = any(\(names))")
            _ = try await tx.query("select pg_notify('event_log', 't')")
        }
        directory.forget()
    }
}

extension Duration {
    /// Whole milliseconds; larger values are clamped.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
