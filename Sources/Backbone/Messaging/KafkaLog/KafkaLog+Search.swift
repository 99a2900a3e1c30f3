internal import Kafka

extension KafkaLog {
    /// Kafka has no index: the topics are read from end to end, once for all texts.
    public func search(_ search: LogSearch) async throws -> [LogRecord] {
        let texts = search.texts.map { Array($0.utf8) }.filter { !$0.isEmpty }
        if texts.isEmpty { return [] }
        let ranges = try await attempt { admin in
            let (_, marks) = try await marked(Set(search.topics), admin)
            let partitions = Array(marks.keys)
            let starts =
                if let from = search.from { try await offsets(of: partitions, at: from, admin) } else {
                    [TopicPartition: Int64]()
                }
            var ranges: [TopicPartition: Range<Int64>] = [:]
            for (partition, mark) in marks {
                let partition = TopicPartition(partition)
                let start = min(max(starts[partition] ?? mark.lowerBound, mark.lowerBound), mark.upperBound)
                ranges[partition] = start..<mark.upperBound
            }
            return ranges
        }
        var found: [LogRecord] = []
        try await forEachBatch(of: ranges, countMax: 1_000) { batch in
            found += batch.records.filter { record in texts.contains { record.contains($0) } }
            // Partitions are read in any order: the oldest matches overall are kept.
            if found.count > 2 * search.countMax { found = Self.oldest(search.countMax, of: found) }
        }
        return Self.oldest(search.countMax, of: found)
    }

    private static func oldest(_ count: Int, of records: [LogRecord]) -> [LogRecord] {
        Array(records.sorted { ($0.time, $0.position) < ($1.time, $1.position) }.prefix(count))
    }
}

extension LogRecord {
    /// Whether a text equals the key, or occurs in a header or the value.
    fileprivate func contains(_ text: [UInt8]) -> Bool {
        key == text || value?.contains(text) == true || headers.contains { $0.value?.contains(text) == true }
    }
}

extension [UInt8] {
    /// Whether `part` occurs in these bytes.
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        var start = startIndex
        while let found = self[start...].firstIndex(of: first), endIndex - found >= part.count {
            if self[found..<found + part.count].elementsEqual(part) { return true }
            start = found + 1
        }
        return false
    }
}
