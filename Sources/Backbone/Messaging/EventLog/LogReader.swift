/// Records of one partition that are read together.
public struct LogBatch: Sendable {
    public var partition: TopicPartition
    /// In the order of their offsets. May be empty where the log keeps notes of its own between the records.
    public var records: [LogRecord]
    /// Where to read on. Not always one behind the last record.
    public var nextOffset: Int64

    public init(partition: TopicPartition, records: [LogRecord], nextOffset: Int64) {
        self.partition = partition
        self.records = records
        self.nextOffset = nextOffset
    }
}

/// Reads ranges of partitions to their ends; see ``EventLog/reader(_:)``.
public protocol LogReader: Sendable {
    /// The next records of one of the partitions; nil when all ranges were read to their ends. One task reads at a time.
    /// - Throws: ``EventLogError``; `CancellationError`.
    func next(countMax: Int) async throws -> LogBatch?

    func close() async
}

extension EventLog {
    /// Reads ranges to their ends and hands on what is there, a batch of one partition at a time.
    /// - Parameter countMax: records in a batch at most.
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

    /// What the topic holds now of its partitions, or of some of them.
    public func ranges(of topic: String, partition: Int? = nil) async throws -> [TopicPartition: Range<Int64>] {
        try await watermarks(of: topic).filter { partition == nil || $0.key.partition == partition }
    }

    /// The record at a position; nil when it was removed or is not there yet.
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
