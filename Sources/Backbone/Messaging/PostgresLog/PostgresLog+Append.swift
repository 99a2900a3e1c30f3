internal import Postgres

extension PostgresLog {
    public func append(_ records: [NewRecord]) async -> [AppendOutcome] {
        var outcomes = [AppendOutcome](repeating: .retry("an earlier record was not stored"), count: records.count)
        var batch = AppendBatch()
        // After a failure nothing more is sent: a later record must not overtake one that is tried again.
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
        let isFailure = [".dlq", ".redrive"].contains { record.topic.hasSuffix($0) }
        let bytesMax = limits.recordBytesMax + (isFailure ? limits.deadLetterExtraBytesMax : 0)
        if record.byteCount > bytesMax {
            return .failure(Refusal(reason: "record of \(record.byteCount) bytes, at most \(bytesMax)"))
        }
        // Nothing in a batch may make the statement itself fail: that would fail the others with it.
        if record.key.utf8.contains(0) || record.key.utf8.count > limits.keyBytesMax {
            return .failure(Refusal(reason: "a key of more than \(limits.keyBytesMax) bytes, or with a NUL"))
        }
        guard let ids = try await directory.partitions(of: record.topic) else {
            return .failure(Refusal(reason: "unknown topic \(record.topic)"))
        }
        let partition = record.partition ?? Partitioner.partition(of: record.key, among: ids.count)
        guard ids.indices.contains(partition) else {
            return .failure(Refusal(reason: "unknown partition \(record.topic)/\(partition)"))
        }
        return .success((ids[partition], partition))
    }

    /// One statement is one transaction: a batch is stored whole or not at all.
    /// - Returns: whether all was stored.
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
                    // The topic was removed, perhaps made anew with other ids, since the directory asked.
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
    var indices: [Int] = []
    var ids: [Int64] = []
    var partitions: [Int] = []
    var places: [Int64] = []
    var counts: [Int64: Int64] = [:]
    var correlations: [String] = []
    var keys: [String] = []
    var headers: [[UInt8]] = []
    var values: [[UInt8]] = []
    var byteCount = 0

    mutating func add(_ record: NewRecord, index: Int, partitionID: (id: Int64, partition: Int)) {
        indices.append(index)
        ids.append(partitionID.id)
        partitions.append(partitionID.partition)
        places.append(counts[partitionID.id, default: 0])
        counts[partitionID.id, default: 0] += 1
        correlations.append(Self.indexable(record.headers[HeaderName.correlationID]))
        keys.append(record.key)
        headers.append(HeaderCodec.encode(record.headers))
        values.append(record.value)
        byteCount += record.byteCount
    }

    /// What an index can hold; other ids are still found by ``EventLog/search(_:)``, in the headers.
    private static func indexable(_ correlation: String?) -> String {
        guard let correlation, correlation.utf8.count <= 256, !correlation.utf8.contains(0) else { return "" }
        return correlation
    }

    var statement: SQL {
        let counted = counts.sorted { $0.key < $1.key }
        return """
            select partition_id, base_offset from event_log.append(
                \(ids), \(places), \(counted.map(\.key)), \(counted.map(\.value)),
                \(correlations), \(keys), \(headers), \(values))
            """
    }
}

extension NewRecord {
    /// Bytes of key, headers and value.
    var byteCount: Int {
        headers.reduce(key.utf8.count + value.count) { $0 + $1.name.utf8.count + $1.value.count }
    }
}
