internal import Postgres
internal import Synchronization

/// Ranges of partitions of ``PostgresLog``, read one partition after the other; those with records to come take turns.
final class PostgresReader: LogReader {
    struct Part: Sendable {
        let id: Int64
        let partition: TopicPartition
        var range: Range<Int64>
    }

    private let log: PostgresLog
    private let parts: Mutex<[Part]>
    private let wake = Signal()
    private let bytesMax = SubscriptionLimits().batchBytesMax

    init(log: PostgresLog, parts: [Part]) {
        self.log = log
        self.parts = Mutex(parts)
    }

    func next(countMax: Int) async throws -> LogBatch? {
        while true {
            // Each is asked once; when none has anything, all are at their ends.
            for _ in 0..<parts.withLock({ $0.count }) {
                try Task.checkCancellation()
                guard let part = parts.withLock({ $0.first }) else { break }
                if let batch = try await read(part, countMax: countMax) { return batch }
            }
            if parts.withLock({ $0.isEmpty }) { return nil }
            await wake.wait(atMost: log.limits.pollInterval, on: log.loop)
        }
    }

    private func read(_ part: Part, countMax: Int) async throws -> LogBatch? {
        let count = min(countMax, Int(clamping: part.range.upperBound - part.range.lowerBound))
        let wanted = WantedRecords(id: part.id, partition: part.partition, from: part.range.lowerBound, countMax: count)
        var records = try await log.read([wanted], bytesMax: bytesMax).first?.records ?? []
        records.removeAll { $0.position.offset >= part.range.upperBound }
        guard let last = records.last else {
            try await moveOn(part)
            return nil
        }
        let next = last.position.offset + 1
        parts.withLock { parts in
            parts[0].range = next..<part.range.upperBound
            if next == part.range.upperBound { parts.removeFirst() }
        }
        return LogBatch(partition: part.partition, records: records, nextOffset: next)
    }

    /// There is nothing more of a partition now: it is the next one's turn.
    private func moveOn(_ part: Part) async throws {
        let mark = try await log.mark(of: part.id, part.partition)
        if part.range.lowerBound > mark.upperBound {
            throw EventLogError.truncated(part.partition, end: mark.upperBound)
        }
        parts.withLock { parts in
            var part = parts.removeFirst()
            // What is left of the range was removed, or is still to come.
            if part.range.upperBound <= mark.lowerBound { return }
            part.range = max(part.range.lowerBound, mark.lowerBound)..<part.range.upperBound
            parts.append(part)
        }
    }

    func close() async { parts.withLock { $0 = [] } }
}

extension PostgresLog {
    /// First offset kept and the next one of a partition.
    func mark(of id: Int64, _ partition: TopicPartition) async throws -> Range<Int64> {
        let rows = try await database.query(
            "select first_offset, next_offset from event_log.partition where partition_id = \(id)")
        guard let (first, next) = try rows.first?.decode(Int64.self, Int64.self) else {
            throw EventLogError.unknownTopic(partition.topic)
        }
        return min(first, next)..<next
    }
}
