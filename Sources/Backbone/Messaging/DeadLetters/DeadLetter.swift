internal import Avro
public import Contracts

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// An event that a group could not handle.
public struct DeadLetter: Sendable, Equatable {
    /// Its position in the group's dead-letter topic, which is its id: `notification/0/17`.
    public struct ID: Hashable, Sendable, Comparable, CustomStringConvertible {
        public let group: ConsumerGroup
        public let partition: Int
        public let offset: Int64

        public init(group: ConsumerGroup, partition: Int, offset: Int64) {
            self.group = group
            self.partition = partition
            self.offset = offset
        }

        /// nil when the text is not such an id.
        public init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 3, !parts[0].isEmpty, let partition = Int(parts[1]), partition >= 0,
                let offset = Int64(parts[2]), offset >= 0
            else { return nil }
            self.init(group: ConsumerGroup(rawValue: String(parts[0])), partition: partition, offset: offset)
        }

        public var description: String { "\(group)/\(partition)/\(offset)" }

        public static func < (left: ID, right: ID) -> Bool {
            (left.group, left.partition, left.offset) < (right.group, right.partition, right.offset)
        }
    }

    public let id: ID
    /// The original position of the event.
    public let origin: LogPosition
    public let key: [UInt8]?
    /// The log's timestamp.
    public let timestamp: Date
    public let eventID: String?
    public let eventType: String?
    public let correlationID: String?
    public let causationID: String?
    public let failureClass: FailureClass
    public let error: String
    public let attempts: Int
    public let firstFailedAt: Date
    public let lastFailedAt: Date
    /// How often it had been redriven before this failure.
    public let redriveCount: Int
    public let redriveBatch: String?
    /// The record's original bytes and headers.
    public let record: LogRecord

    /// nil when the record lacks the headers of a dead letter: then it was not written by a consumer.
    init?(_ record: LogRecord, of group: ConsumerGroup) {
        let headers = record.headers
        guard let topic = headers[DeadLetterHeader.topic],
            let partition = headers[DeadLetterHeader.partition].flatMap({ Int($0) }),
            let offset = headers[DeadLetterHeader.offset].flatMap({ Int64($0) })
        else { return nil }
        id = ID(group: group, partition: record.position.partition.partition, offset: record.position.offset)
        origin = LogPosition(TopicPartition(topic, partition), offset)
        key = headers.last { $0.name == DeadLetterHeader.key }?.value ?? record.key
        timestamp = headers[DeadLetterHeader.timestamp].flatMap(Date.init(iso8601:)) ?? record.time
        eventID = headers[HeaderName.eventID]
        eventType = headers[HeaderName.eventType]
        correlationID = headers[HeaderName.correlationID]
        causationID = headers[HeaderName.causationID]
        failureClass = headers[DeadLetterHeader.errorClass].flatMap(FailureClass.init) ?? .permanent
        error = headers[DeadLetterHeader.error] ?? ""
        attempts = headers[DeadLetterHeader.attempts].flatMap { Int($0) } ?? 0
        firstFailedAt = headers[DeadLetterHeader.firstFailedAt].flatMap(Date.init(iso8601:)) ?? record.time
        lastFailedAt = headers[DeadLetterHeader.lastFailedAt].flatMap(Date.init(iso8601:)) ?? record.time
        redriveCount = headers[DeadLetterHeader.redriveCount].flatMap { Int($0) } ?? 0
        redriveBatch = headers[DeadLetterHeader.redriveBatch]
        self.record = record
    }

    /// The key as text; invalid UTF-8 is replaced.
    public var keyText: String? { key.map { String(decoding: $0, as: UTF8.self) } }

    /// Whether two dead letters describe the same failure: a consumer that crashes after writing the dead letter and before storing the
    /// offset writes a second one.
    var occurrence: Occurrence { Occurrence(group: id.group, origin: origin, redriveCount: redriveCount) }

    struct Occurrence: Hashable {
        let group: ConsumerGroup
        let origin: LogPosition
        let redriveCount: Int
    }
}
