internal import Avro

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A record of the log as the group sees it: where it was first written, and the handlers with the event decoded.
struct PreparedEvent: Sendable {
    var record: LogRecord
    /// Differs from the record's own place when the event comes by way of the dead letters.
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

/// Where a record was first written, and how often it has been sent to its group again.
struct RecordOrigin: Sendable, Equatable {
    var position: LogPosition
    var key: [UInt8]?
    var time: Date
    var redriveCount = 0
    var redriveBatch: String?

    /// Reads the headers a redrive added; a record without them was first written where it is.
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
