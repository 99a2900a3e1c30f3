internal import Avro

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A record as the group sees it: its original position, and the handlers with the decoded event.
struct PreparedEvent: Sendable {
    var record: LogRecord
    /// Differs from the record's own position when the event was redriven from the dead letters.
    var origin: RecordOrigin
    var calls: [NamedCall]
    var eventID: String
    var correlationID: String

    struct NamedCall: Sendable {
        var name: String
        var call: BoundCall
    }
}

/// Events of one partition that are handled together.
struct PreparedBatch: Sendable {
    var events: [PreparedEvent]
    var move: PositionMove
}

/// The original position of a record, and how often it was redriven to its group.
struct RecordOrigin: Sendable, Equatable {
    var position: LogPosition
    var key: [UInt8]?
    var time: Date
    var redriveCount = 0
    var redriveBatch: String?

    /// Reads the headers added by a redrive; for a record without them, the original position is its own.
    init(of record: LogRecord, redriveTopic: String) {
        position = record.position
        key = record.key
        time = record.time
        guard record.position.partition.topic == redriveTopic,
            let topic = record.headers[DeadLetterHeader.topic],
            let partition = record.headers[DeadLetterHeader.partition].flatMap({ Int($0) }),
            let offset = record.headers[DeadLetterHeader.offset].flatMap({ Int64($0) })
        else { return }
        position = LogPosition(TopicPartition(topic, partition), offset)
        key = record.headers.last { $0.name == DeadLetterHeader.key }?.value ?? record.key
        time = record.headers[DeadLetterHeader.timestamp].flatMap(Date.init(iso8601:)) ?? record.time
        redriveCount = record.headers[DeadLetterHeader.redriveCount].flatMap { Int($0) } ?? 0
        redriveBatch = record.headers[DeadLetterHeader.redriveBatch]
    }
}
