internal import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension PostgresLog {
    public func enforceRetention(of isIncluded: @Sendable (String) -> Bool, at time: Date) async throws -> Int {
        let rows = try await database.query(
            """
            select t.name, p.partition_id,
                event_log.offset_at(p.partition_id, \(time)::timestamptz - t.retention_ms * interval '1 millisecond')
            from event_log.partition p join event_log.topic t using (topic_id) where p.first_offset < p.next_offset
            """)
        var removed = 0
        for row in rows {
            let (topic, id, cutoff) = try row.decode(String.self, Int64.self, Int64.self)
            if isIncluded(topic) { removed += try await remove(below: cutoff, from: id) }
        }
        return removed
    }

    /// In steps, each a short transaction, so that reads and appends can run in between.
    private func remove(below cutoff: Int64, from partition: Int64) async throws -> Int {
        var removed = 0
        while true {
            try Task.checkCancellation()
            let rows = try await database.transaction { tx in
                try await tx.query(
                    """
                    with step as (
                        select partition_id, least(first_offset + \(Int64(limits.retentionCountMax)), \(cutoff)) as upto
                        from event_log.partition where partition_id = \(partition) and first_offset < \(cutoff) for update
                    ), removed as (
                        delete from event_log.record r using step s
                        where r.partition_id = s.partition_id and r."offset" < s.upto returning 1
                    ), moved as (
                        update event_log.partition p set first_offset = s.upto from step s where p.partition_id = s.partition_id
                    )
                    select count(*) from removed
                    """)
            }
            let count = Int(try rows.first?.decode(Int64.self) ?? Int64(0))
            removed += count
            if count == 0 { return removed }
        }
    }
}
