public import Messaging

extension EventLog {
    /// Applies the settings of topics, also with data loss.
    public func make(_ topics: [TopicSettings]) async throws {
        try await apply(try await plan(topics).filter { $0.hazard != .impossible })
    }

    @discardableResult
    public func append(_ records: [NewRecord]) async -> [AppendOutcome] { await append(records, within: .seconds(60)) }

    /// The current records of a partition from an offset on, up to a maximum.
    public func read(_ partition: TopicPartition, from offset: Int64, countMax: Int) async throws -> [LogRecord] {
        guard let end = try await watermarks(of: partition.topic)[partition]?.upperBound, offset < end else {
            return []
        }
        var records: [LogRecord] = []
        try await forEachBatch(of: [partition: offset..<end]) { records += $0.records }
        return Array(records.prefix(countMax))
    }
}
