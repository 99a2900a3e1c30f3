internal import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension PostgresLog {
    public func read(_ partition: TopicPartition, from offset: Int64, countMax: Int) async throws -> [LogRecord] {
        let id = try await directory.id(of: partition)
        return try await read(
            id, of: partition, from: offset, countMax: countMax, bytesMax: SubscriptionLimits().batchBytesMax
        ).records
    }

    /// - Returns: the records, and whether there were no more when they were read.
    func read(
        _ id: Int64, of partition: TopicPartition, from offset: Int64, countMax: Int, bytesMax: Int
    ) async throws -> (records: [LogRecord], isAtEnd: Bool) {
        let rows = try await database.query(
            """
            select "offset", time, key, headers, value from (
                select "offset", time, key, headers, value,
                    sum(octet_length(value) + octet_length(headers)) over (order by "offset" rows unbounded preceding)
                        - octet_length(value) - octet_length(headers) as bytes_before
                from event_log.record where partition_id = \(id) and "offset" >= \(offset)
                order by "offset" limit \(Int64(countMax))
            ) r where bytes_before < \(Int64(bytesMax)) order by "offset"
            """)
        var records: [LogRecord] = []
        records.reserveCapacity(rows.count)
        var byteCount = 0
        for row in rows {
            let (offset, time, key, headers, value) = try row.decode(
                Int64.self, Date.self, String.self, [UInt8].self, [UInt8].self)
            records.append(
                LogRecord(
                    position: LogPosition(partition, offset), key: key, headers: HeaderCodec.decode(headers),
                    value: value, time: time))
            byteCount += headers.count + value.count
            await Fairness.pause(after: records.count)
        }
        return (records, records.count < countMax && byteCount < bytesMax)
    }

    public func watermarks(of topic: String) async throws -> [TopicPartition: Range<Int64>] {
        let rows = try await database.query(
            """
            select p.partition, p.first_offset, p.next_offset
            from event_log.partition p join event_log.topic t using (topic_id) where t.name = \(topic)
            """)
        var marks: [TopicPartition: Range<Int64>] = [:]
        for row in rows {
            let (partition, first, next) = try row.decode(Int32.self, Int64.self, Int64.self)
            marks[TopicPartition(topic, Int(partition))] = min(first, next)..<next
        }
        if marks.isEmpty { throw EventLogError.unknownTopic(topic) }
        return marks
    }

    public func offsets(of topic: String, at time: Date) async throws -> [TopicPartition: Int64] {
        let rows = try await database.query(
            """
            select p.partition, event_log.offset_at(p.partition_id, \(time))
            from event_log.partition p join event_log.topic t using (topic_id) where t.name = \(topic)
            """)
        var offsets: [TopicPartition: Int64] = [:]
        for row in rows {
            let (partition, offset) = try row.decode(Int32.self, Int64.self)
            offsets[TopicPartition(topic, Int(partition))] = offset
        }
        if offsets.isEmpty { throw EventLogError.unknownTopic(topic) }
        return offsets
    }

    /// A correlation id is found by its index; anything else is looked for in the bytes, within the time given.
    public func search(_ search: LogSearch) async throws -> [LogRecord] {
        let indexed = try await records(of: search, where: "r.correlation_id = \(search.text)")
        if !indexed.isEmpty { return indexed }
        let bytes = Array(search.text.utf8)
        return try await records(
            of: search,
            where: """
                (r.key = \(search.text) or position(\(bytes) in r.headers) > 0 or position(\(bytes) in r.value) > 0)
                """)
    }

    private func records(of search: LogSearch, where condition: SQL) async throws -> [LogRecord] {
        let rows = try await database.query(
            """
            select r."offset", r.time, r.key, r.headers, r.value, t.name, p.partition
            from event_log.record r join event_log.partition p using (partition_id) join event_log.topic t using (topic_id)
            where \(condition) and r.time >= \(search.from ?? Date(timeIntervalSince1970: 0))
                and (\(search.topics == nil) or t.name = any(\(search.topics ?? [])))
            order by r.time, r.partition_id, r."offset" limit \(Int64(search.countMax))
            """)
        return try rows.map { row in
            let (offset, time, key, headers, value, topic, partition) = try row.decode(
                Int64.self, Date.self, String.self, [UInt8].self, [UInt8].self, String.self, Int32.self)
            return LogRecord(
                position: LogPosition(TopicPartition(topic, Int(partition)), offset), key: key,
                headers: HeaderCodec.decode(headers), value: value, time: time)
        }
    }
}
