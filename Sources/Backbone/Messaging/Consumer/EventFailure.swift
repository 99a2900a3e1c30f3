internal import Avro

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The failures of one event so far.
struct EventFailure: Sendable {
    var failureClass: FailureClass
    var name: String
    var text: String
    var attempts: Int
    var firstFailedAt: Date
    var lastFailedAt: Date

    init(_ error: any Error, attempts: Int, firstFailedAt: Date, at time: Date) {
        failureClass = FailureClass(of: error)
        name = FailureClass.name(of: error)
        text = String(
            decoding: String(describing: error).utf8.prefix(DeadLetterHeader.errorTextBytesMax), as: UTF8.self)
        self.attempts = attempts
        self.firstFailedAt = firstFailedAt
        lastFailedAt = time
    }

    /// Builds the dead letter of `group`: the record with its original bytes and headers, plus headers about the failure.
    func deadLetter(of record: LogRecord, origin: RecordOrigin, group: String, topic: String) -> NewRecord {
        var headers = record.headers.filter { !DeadLetterHeader.all.contains($0.name) }
        func add(_ name: String, _ value: String) { headers.append(RecordHeader(name, value)) }
        add(DeadLetterHeader.topic, origin.position.partition.topic)
        add(DeadLetterHeader.partition, String(origin.position.partition.partition))
        add(DeadLetterHeader.offset, String(origin.position.offset))
        headers.append(RecordHeader(DeadLetterHeader.key, origin.key))
        add(DeadLetterHeader.timestamp, origin.time.iso8601Milliseconds)
        add(DeadLetterHeader.group, group)
        add(DeadLetterHeader.errorClass, failureClass.rawValue)
        add(DeadLetterHeader.error, "\(name): \(text)")
        add(DeadLetterHeader.attempts, String(attempts))
        add(DeadLetterHeader.firstFailedAt, firstFailedAt.iso8601Milliseconds)
        add(DeadLetterHeader.lastFailedAt, lastFailedAt.iso8601Milliseconds)
        add(DeadLetterHeader.redriveCount, String(origin.redriveCount))
        if let batch = origin.redriveBatch { add(DeadLetterHeader.redriveBatch, batch) }
        return NewRecord(topic: topic, key: record.key, headers: headers, value: record.value)
    }
}
