internal import EventLoop
internal import Postgres
internal import Synchronization

/// Reads partition ranges of ``PostgresLog``: one statement reads available records of all partitions; the reader then waits for a
/// wake-up.
final class PostgresReader: LogReader {
    struct Part: Sendable {
        let id: Int64
        let partition: TopicPartition
        var range: Range<Int64>
    }

    private struct State {
        /// Incomplete ranges.
        var parts: [Part]
        /// Records read but not returned yet.
        var found = FIFO<LogBatch>()
    }

    private let log: PostgresLog
    private let state: Mutex<State>
    private let wake = Signal()
    private let bytesMax = SubscriptionLimits().batchBytesMax

    init(log: PostgresLog, parts: [Part]) {
        self.log = log
        state = Mutex(State(parts: parts))
        for part in parts { log.wakeUps.addReader(wake, of: part.id) }
    }

    func next(countMax: Int) async throws -> LogBatch? {
        while true {
            try Task.checkCancellation()
            if let batch = state.withLock({ $0.found.popFirst() }) { return batch }
            let parts = state.withLock { $0.parts }
            if parts.isEmpty { return nil }
            wake.clear()
            if try await read(parts, countMax: countMax) { continue }
            try await dropEnded(parts)
            if state.withLock({ $0.parts.isEmpty }) { return nil }
            await wake.wait(atMost: log.limits.pollInterval, on: log.loop)
        }
    }

    /// - Returns: whether there were any records.
    private func read(_ parts: [Part], countMax: Int) async throws -> Bool {
        let wanted = parts.map { part in
            WantedRecords(
                id: part.id, partition: part.partition, from: part.range.lowerBound,
                countMax: min(countMax, Int(clamping: part.range.upperBound - part.range.lowerBound)))
        }
        let found = try await log.read(wanted, bytesMax: bytesMax)
        var batches: [Int64: LogBatch] = [:]
        for (part, found) in zip(parts, found) {
            let records = found.records.filter { $0.position.offset < part.range.upperBound }
            guard let last = records.last else { continue }
            batches[part.id] = LogBatch(
                partition: part.partition, records: records, nextOffset: last.position.offset + 1)
        }
        advance { batches[$0.id]?.nextOffset ?? $0.range.lowerBound }
        state.withLock { state in
            for part in parts { if let batch = batches[part.id] { state.found.append(batch) } }
        }
        return !batches.isEmpty
    }

    /// Handles ranges without records: the rest was removed, or is not written yet.
    private func dropEnded(_ parts: [Part]) async throws {
        let marks = try await log.marks(of: parts.map(\.id))
        for part in parts {
            guard let mark = marks[part.id] else { throw EventLogError.unknownTopic(part.partition.topic) }
            if part.range.lowerBound > mark.upperBound {
                throw EventLogError.truncated(part.partition, end: mark.upperBound)
            }
        }
        advance { max($0.range.lowerBound, marks[$0.id]?.lowerBound ?? 0) }
    }

    /// Advances the start of each range; complete ranges are removed.
    private func advance(_ begin: (Part) -> Int64) {
        let ended = state.withLock { state in
            var left: [Part] = [], ended: [Part] = []
            for var part in state.parts {
                let first = begin(part)
                if first >= part.range.upperBound {
                    ended.append(part)
                } else {
                    part.range = first..<part.range.upperBound
                    left.append(part)
                }
            }
            state.parts = left
            return ended
        }
        for part in ended { log.wakeUps.removeReader(wake, of: part.id) }
    }

    func close() async {
        let parts = state.withLock { state in
            defer { state = State(parts: []) }
            return state.parts
        }
        for part in parts { log.wakeUps.removeReader(wake, of: part.id) }
    }
}

extension PostgresLog {
    /// The first retained and the next offset of a partition.
    func mark(of id: Int64, _ partition: TopicPartition) async throws -> Range<Int64> {
        guard let mark = try await marks(of: [id])[id] else { throw EventLogError.unknownTopic(partition.topic) }
        return mark
    }

    /// The same for several partitions, by id.
    func marks(of ids: [Int64]) async throws -> [Int64: Range<Int64>] {
        let rows = try await database.query(
            "select partition_id, first_offset, next_offset from event_log.partition where partition_id = any(\(ids))")
        var marks: [Int64: Range<Int64>] = [:]
        for row in rows {
            let (id, first, next) = try row.decode(Int64.self, Int64.self, Int64.self)
            marks[id] = min(first, next)..<next
        }
        return marks
    }
}
