internal import Contracts

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// One partition of a topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var topic: String
    /// Counted from 0.
    public var partition: Int

    public init(_ topic: String, _ partition: Int) {
        self.topic = topic
        self.partition = partition
    }

    public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }

    public var description: String { "\(topic)/\(partition)" }
}

/// The position of a record in the log.
public struct LogPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var partition: TopicPartition
    public var offset: Int64

    public init(_ partition: TopicPartition, _ offset: Int64) {
        self.partition = partition
        self.offset = offset
    }

    public static func < (left: LogPosition, right: LogPosition) -> Bool {
        (left.partition, left.offset) < (right.partition, right.offset)
    }

    public var description: String { "\(partition)@\(offset)" }
}

/// A header of a record. Names may repeat; values are arbitrary bytes or null.
public struct RecordHeader: Hashable, Sendable {
    public var name: String
    /// nil for null, which differs from empty.
    public var value: [UInt8]?

    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, _ value: String) { self.init(name, Array(value.utf8)) }

    /// The value as text, empty for null; invalid UTF-8 is replaced.
    public var text: String { String(decoding: value ?? [], as: UTF8.self) }
}

extension [RecordHeader] {
    /// The last header of a name that has a value, as in Kafka's clients.
    public subscript(name: String) -> String? { last { $0.name == name && $0.value != nil }?.text }

    public mutating func set(_ name: String, _ value: String) {
        removeAll { $0.name == name }
        append(RecordHeader(name, value))
    }
}

/// A record to append.
public struct NewRecord: Sendable, Equatable {
    public var topic: String
    /// nil to select the partition by key (see ``Partitioner``), or at random without a key.
    public var partition: Int?
    /// Arbitrary bytes. Records without a key are not ordered among each other.
    public var key: [UInt8]?
    public var headers: [RecordHeader]
    /// Arbitrary bytes. nil is a tombstone: the key was deleted.
    public var value: [UInt8]?
    /// The original timestamp, for records copied from another log. nil for now.
    public var time: Date?

    public init(
        topic: String, partition: Int? = nil, key: [UInt8]?, headers: [RecordHeader] = [], value: [UInt8]?,
        time: Date? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.headers = headers
        self.value = value
        self.time = time
    }

    /// For events, whose keys are text.
    public init(topic: String, partition: Int? = nil, key: String, headers: [RecordHeader] = [], value: [UInt8]) {
        self.init(topic: topic, partition: partition, key: Array(key.utf8), headers: headers, value: value)
    }

    /// The total bytes of key, headers and value.
    public var byteCount: Int { headers.byteCount + (key?.count ?? 0) + (value?.count ?? 0) }
}

extension [RecordHeader] {
    var byteCount: Int { reduce(0) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) } }
}

/// A stored record.
public struct LogRecord: Sendable, Equatable {
    public var position: LogPosition
    public var key: [UInt8]?
    public var headers: [RecordHeader]
    /// nil for a tombstone.
    public var value: [UInt8]?
    /// The log's timestamp, or the sender's. It never decreases within a partition of ``PostgresLog``.
    public var time: Date

    public init(position: LogPosition, key: [UInt8]?, headers: [RecordHeader], value: [UInt8]?, time: Date) {
        self.position = position
        self.key = key
        self.headers = headers
        self.value = value
        self.time = time
    }

    /// The key as text, empty for null; invalid UTF-8 is replaced.
    public var keyText: String { String(decoding: key ?? [], as: UTF8.self) }

    /// The record's display name: the id of its event, or, without that header, its position: `user.registered/2/17`.
    public var id: String {
        if let id = headers[HeaderName.eventID], EventID(rawValue: id) != nil { return id }
        return "\(position.partition)/\(position.offset)"
    }
}

/// The outcome of one appended record.
public enum AppendOutcome: Sendable, Equatable {
    /// Durable at this position; nil when the log only knows that it already has the record.
    case accepted(LogPosition?)
    /// The log permanently refuses this record: too large, unknown topic, not authorised.
    case refused(String)
    /// Not acknowledged: append it again. It may already be stored.
    case retry(String)
}
