internal import EventLoop
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension PostgresLog {
    public func append(_ records: [NewRecord], within limit: Duration) async -> [AppendOutcome] {
        do {
            return try await withTimeout(limit, on: loop, onTimeout: { Late() }) { await self.append(records) }
        } catch {
            return records.map { _ in .retry(error is Late ? "no response within \(limit)" : "cancelled") }
        }
    }

    private struct Late: Error {}

    private func append(_ records: [NewRecord]) async -> [AppendOutcome] {
        var outcomes = [AppendOutcome](repeating: .retry("an earlier record was not stored"), count: records.count)
        var batch = AppendBatch()
        // After a failure nothing more is sent: a later record must not overtake one that is retried.
        var isWhole = true
        for (index, record) in records.enumerated() where isWhole {
            do {
                switch try await place(record) {
                case .success(let id): batch.add(record, index: index, partitionID: id)
                case .failure(let refusal): outcomes[index] = .refused(refusal.reason)
                }
            } catch {
                outcomes[index] = .retry(String(describing: error))
                isWhole = false
            }
            if batch.indices.count >= limits.appendCountMax || batch.byteCount >= limits.appendBytesMax {
                isWhole = await store(&batch, records, &outcomes) && isWhole
            }
        }
        if isWhole { _ = await store(&batch, records, &outcomes) }
        return outcomes
    }

    private struct Refusal: Error {
        let reason: String
    }

    private func place(_ record: NewRecord) async throws -> Result<(id: Int64, partition: Int), Refusal> {
        guard let topic = try await directory.topic(record.topic) else {
            return .failure(Refusal(reason: "unknown topic \(record.topic)"))
        }
        // An invalid record must not fail the statement, because that would fail the other records too.
        if record.byteCount > topic.recordBytesMax {
            return .failure(Refusal(reason: "record of \(record.byteCount) bytes exceeds \(topic.recordBytesMax)"))
        }
        if record.headers.count > Int(UInt16.max)
            || record.headers.contains(where: { $0.name.utf8.count > Int(UInt16.max) })
        {
            return .failure(Refusal(reason: "more than \(UInt16.max) headers or bytes in a header name"))
        }
        let count = topic.partitionIDs.count
        let partition =
            record.partition ?? record.key.map { Partitioner.partition(of: $0, among: count) } ?? .random(in: 0..<count)
        guard topic.partitionIDs.indices.contains(partition) else {
            return .failure(Refusal(reason: "unknown partition \(record.topic)/\(partition)"))
        }
        return .success((topic.partitionIDs[partition], partition))
    }

    /// One statement is one transaction: a batch is stored completely or not at all.
    /// - Returns: whether the batch was stored.
    private func store(
        _ batch: inout AppendBatch, _ records: [NewRecord], _ outcomes: inout [AppendOutcome]
    ) async -> Bool {
        if batch.indices.isEmpty { return true }
        defer { batch = AppendBatch() }
        do {
            let rows = try await database.query(batch.statement)
            var bases: [Int64: Int64] = [:]
            for row in rows {
                let (id, base) = try row.decode(Int64.self, Int64.self)
                bases[id] = base
            }
            var isStale = false
            for (turn, index) in batch.indices.enumerated() {
                guard let base = bases[batch.ids[turn]] else {
                    // The topic was deleted, and possibly created again with other ids, after the directory read it.
                    outcomes[index] = .retry("topic \(records[index].topic) has changed")
                    isStale = true
                    continue
                }
                let partition = TopicPartition(records[index].topic, batch.partitions[turn])
                outcomes[index] = .accepted(LogPosition(partition, base + batch.places[turn]))
            }
            if isStale { directory.forget() }
            return !isStale
        } catch {
            for index in batch.indices {
                outcomes[index] = .retry(String(describing: error))
            }
            return false
        }
    }
}

/// The columns of one append.
private struct AppendBatch {
    /// Aggregates over the partition's records so far.
    private struct Tally {
        var count: Int64 = 0
        /// The latest explicit timestamp.
        var floor: Date?
        /// Whether a record had no timestamp.
        var isClocked = false
    }

    private(set) var indices: [Int] = []
    private(set) var ids: [Int64] = []
    private(set) var partitions: [Int] = []
    private(set) var places: [Int64] = []
    private(set) var byteCount = 0
    private var tallies: [Int64: Tally] = [:]
    private var correlations: [String] = []
    private var keys: [[UInt8]?] = []
    private var headers: [[UInt8]] = []
    private var values: [[UInt8]?] = []
    private var floors: [Date?] = []
    private var clocked: [Bool] = []
    private var hasTimes = false

    mutating func add(_ record: NewRecord, index: Int, partitionID: (id: Int64, partition: Int)) {
        var tally = tallies[partitionID.id, default: Tally()]
        indices.append(index)
        ids.append(partitionID.id)
        partitions.append(partitionID.partition)
        places.append(tally.count)
        tally.count += 1
        if let time = record.time {
            tally.floor = max(tally.floor ?? time, time)
            hasTimes = true
        } else {
            tally.isClocked = true
        }
        floors.append(tally.floor)
        clocked.append(tally.isClocked)
        tallies[partitionID.id] = tally
        correlations.append(Self.indexable(record.headers[HeaderName.correlationID]))
        keys.append(record.key)
        headers.append(HeaderCodec.encode(record.headers))
        values.append(record.value)
        byteCount += record.byteCount
    }

    /// The ids an index can hold; ``EventLog/search(_:)`` finds other ids in the headers.
    private static func indexable(_ correlation: String?) -> String {
        guard let correlation, correlation.utf8.count <= 256, !correlation.utf8.contains(0) else { return "" }
        return correlation
    }

    var statement: SQL {
        let tallies = tallies.sorted { $0.key < $1.key }
        let none: ([Date?], [Bool]) = ([], [])
        let (floors, clocked) = hasTimes ? (floors, clocked) : none
        let (lastFloors, lastClocked) = hasTimes ? (tallies.map(\.value.floor), tallies.map(\.value.isClocked)) : none
        return """
            select partition_id, base_offset from event_log.append(
                \(ids), \(places), \(tallies.map(\.key)), \(tallies.map(\.value.count)), \(lastFloors), \(lastClocked),
                \(correlations), \(keys), \(headers), \(values), \(floors), \(clocked))
            """
    }
}
