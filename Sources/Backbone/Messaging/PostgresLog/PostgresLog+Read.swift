internal import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A read of one partition.
struct WantedRecords: Sendable {
    let id: Int64
    let partition: TopicPartition
    let from: Int64
    let countMax: Int
}

/// The result.
struct FoundRecords: Sendable {
    var records: [LogRecord] = []
    /// Whether the read reached the end.
    var isAtEnd = false
}

extension PostgresLog {
    public func reader(_ ranges: [TopicPartition: Range<Int64>]) async throws -> any LogReader {
        var parts: [PostgresReader.Part] = []
        for (partition, range) in ranges.sorted(by: { $0.key < $1.key }) where !range.isEmpty {
            parts.append(.init(id: try await directory.id(of: partition), partition: partition, range: range))
        }
        return PostgresReader(log: self, parts: parts)
    }

    /// Reads several partitions with one statement.
    /// - Parameter bytesMax: the maximum total bytes; one record of each partition always fits.
    /// - Returns: for each partition, in the given order, its records and whether the read reached the end.
    func read(_ wanted: [WantedRecords], bytesMax: Int) async throws -> [FoundRecords] {
        let bytesMax = max(1, bytesMax / max(1, wanted.count))
        let rows = try await database.query(
            """
            select w.place, r."offset", r.time, r.key, r.headers, r.value
            from unnest(\(wanted.map(\.id)), \(wanted.map(\.from)), \(wanted.map { Int64($0.countMax) }))
                with ordinality as w (id, first, count, place)
            cross join lateral (
                select * from (
                    select "offset", time, key, headers, value,
                        sum(coalesce(octet_length(value), 0) + octet_length(headers)) over (order by "offset" rows unbounded preceding)
                            - coalesce(octet_length(value), 0) - octet_length(headers) as bytes_before
                    from event_log.record where partition_id = w.id and "offset" >= w.first
                    order by "offset" limit w.count
                ) r where bytes_before < \(Int64(bytesMax))
            ) r
            """)
        var found = wanted.map { _ in FoundRecords() }
        var byteCounts = wanted.map { _ in 0 }
        for (turn, row) in rows.enumerated() {
            let (place, offset, time, key, headers, value) = try row.decode(
                Int.self, Int64.self, Date.self, [UInt8]?.self, [UInt8].self, [UInt8]?.self)
            guard found.indices.contains(place - 1) else { continue }
            found[place - 1].records.append(
                LogRecord(
                    position: LogPosition(wanted[place - 1].partition, offset), key: key,
                    headers: HeaderCodec.decode(headers), value: value, time: time))
            byteCounts[place - 1] += headers.count + (value?.count ?? 0)
            await Fairness.pause(after: turn)
        }
        for (index, wanted) in wanted.enumerated() {
            // In practice rows come in this order; an ORDER BY could force a large sort.
            found[index].records.sort { $0.position.offset < $1.position.offset }
            found[index].isAtEnd = found[index].records.count < wanted.countMax && byteCounts[index] < bytesMax
        }
        return found
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

    /// Correlation ids are found by their index. Other texts are searched in the bytes within the time range, in one scan for all.
    public func search(_ search: LogSearch) async throws -> [LogRecord] {
        let indexed = try await records(of: search, where: "r.correlation_id = any(\(search.texts))", byIndex: true)
        let known = Set(indexed.compactMap { $0.headers[HeaderName.correlationID] })
        let texts = search.texts.filter { !known.contains($0) }.map { Array($0.utf8) }
        if texts.isEmpty { return indexed }
        let scanned = try await records(
            of: search,
            where: """
                exists (select from unnest(\(texts)) as w (text)
                    where r.key = w.text or position(w.text in r.headers) > 0 or position(w.text in r.value) > 0)
                """, byIndex: false)
        let seen = Set(indexed.map(\.position))
        let all = (indexed + scanned.filter { !seen.contains($0.position) })
            .sorted { ($0.time, $0.position) < ($1.time, $1.position) }
        return Array(all.prefix(search.countMax))
    }

    private func records(
        of search: LogSearch, where condition: SQL, byIndex: Bool
    ) async throws -> [LogRecord] {
        let statement: SQL = """
            select r."offset", r.time, r.key, r.headers, r.value, t.name, p.partition
            from event_log.record r join event_log.partition p using (partition_id) join event_log.topic t using (topic_id)
            where \(condition) and r.time >= \(search.from ?? Date(timeIntervalSince1970: 0))
                and t.name = any(\(search.topics))
            order by r.time, r.partition_id, r."offset" limit \(Int64(search.countMax))
            """
        let rows = try await database.transaction { tx in
            // Without an index the table is scanned.
            if !byIndex { tx.submit("set local enable_seqscan to on") }
            return try await tx.query(statement)
        }
        return try rows.map { row in
            let (offset, time, key, headers, value, topic, partition) = try row.decode(
                Int64.self, Date.self, [UInt8]?.self, [UInt8].self, [UInt8]?.self, String.self, Int32.self)
            return LogRecord(
                position: LogPosition(TopicPartition(topic, Int(partition)), offset), key: key,
                headers: HeaderCodec.decode(headers), value: value, time: time)
        }
    }
}
