internal import Kafka

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Reads partition ranges of ``KafkaLog``.
struct KafkaLogReader: LogReader {
    private let reader: KafkaReader
    private let closeMax: Duration

    init(_ reader: KafkaReader, closeMax: Duration) {
        self.reader = reader
        self.closeMax = closeMax
    }

    func next(countMax: Int) async throws -> LogBatch? {
        do {
            return try await reader.next(countMax: countMax).map { LogBatch($0) }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw EventLogError(error)
        }
    }

    func close() async { await reader.close(within: closeMax) }
}

extension LogBatch {
    /// Copies a batch out of the driver's memory.
    init(_ batch: KafkaBatch) {
        let partition = TopicPartition(batch.partition)
        self.init(
            partition: partition, records: batch.map { LogRecord($0, of: partition) }, nextOffset: batch.nextOffset)
    }
}

extension LogRecord {
    fileprivate init(_ record: KafkaRecord, of partition: TopicPartition) {
        self.init(
            position: LogPosition(partition, record.offset), key: record.key,
            headers: (0..<record.headerCount).map { index in
                record.withHeader(index) { name, value in RecordHeader(name, value.map { Array($0) }) }
            },
            value: record.value, time: Date(timeIntervalSince1970: Double(record.timestamp ?? 0) / 1_000))
    }
}

extension KafkaRecords {
    mutating func add(_ record: NewRecord) {
        append(
            topic: record.topic, partition: record.partition, key: record.key, value: record.value,
            timestamp: record.time.map { Int64(($0.timeIntervalSince1970 * 1_000).rounded()) })
        for header in record.headers { appendHeader(header.name, header.value) }
    }
}
