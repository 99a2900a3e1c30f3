/// Records of one partition from one read.
public struct LogBatch: Sendable {
    public var partition: TopicPartition
    /// In offset order. May be empty where the log stores control records between the records.
    public var records: [LogRecord]
    /// The offset at which to continue reading; not always one after the last record.
    public var nextOffset: Int64

    public init(partition: TopicPartition, records: [LogRecord], nextOffset: Int64) {
        self.partition = partition
        self.records = records
        self.nextOffset = nextOffset
    }
}

/// Reads partition ranges to their ends; see ``EventLog/reader(_:)``.
public protocol LogReader: Sendable {
    /// The next records of one of the partitions; nil when all ranges are complete. Only one task may read at a time.
    /// - Throws: ``EventLogError``; `CancellationError`.
    func next(countMax: Int) async throws -> LogBatch?

    func close() async
}

extension EventLog {
    /// Reads ranges to their ends and passes on the records in batches of one partition.
    /// - Parameter countMax: the maximum number of records in a batch.
    public func forEachBatch(
        of ranges: [TopicPartition: Range<Int64>], countMax: Int = 500,
        _ body: (LogBatch) async throws -> Void
    ) async throws {
        let reader = try await reader(ranges.filter { !$0.value.isEmpty })
        do {
            while let batch = try await reader.next(countMax: countMax) { try await body(batch) }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    /// The current offset ranges of a topic's partitions, or of some of them.
    public func ranges(of topic: String, partition: Int? = nil) async throws -> [TopicPartition: Range<Int64>] {
        try await watermarks(of: topic).filter { partition == nil || $0.key.partition == partition }
    }

    /// The record at an offset; nil when it was removed or is not written yet.
    public func record(at position: LogPosition) async throws -> LogRecord? {
        let range = try await watermarks(of: position.partition.topic)[position.partition]
        guard let range, range.contains(position.offset) else { return nil }
        var found: LogRecord?
        try await forEachBatch(of: [position.partition: position.offset..<position.offset + 1]) { batch in
            found = batch.records.first { $0.position == position } ?? found
        }
        return found
    }
}
