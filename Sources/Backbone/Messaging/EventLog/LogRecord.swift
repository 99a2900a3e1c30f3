internal import Contracts

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// One partition of a topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var topic: String
    /// From 0 on.
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

/// Where a record is in the log.
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

/// A named value beside a record. Names may repeat; values are any bytes, or none.
public struct RecordHeader: Hashable, Sendable {
    public var name: String
    /// Nil where the sender gave none, which is not the same as empty.
    public var value: [UInt8]?

    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, _ value: String) { self.init(name, Array(value.utf8)) }

    /// The value as text, empty without one; damaged UTF-8 is repaired.
    public var text: String { String(decoding: value ?? [], as: UTF8.self) }
}

extension [RecordHeader] {
    /// The last header of a name that has a value, as Kafka's clients read it.
    public subscript(name: String) -> String? { last { $0.name == name && $0.value != nil }?.text }

    public mutating func set(_ name: String, _ value: String) {
        removeAll { $0.name == name }
        append(RecordHeader(name, value))
    }
}

/// A record on its way into the log.
public struct NewRecord: Sendable, Equatable {
    public var topic: String
    /// Nil lets the key decide (see ``Partitioner``), and chance where there is none.
    public var partition: Int?
    /// Any bytes. Records without one have no order among each other.
    public var key: [UInt8]?
    public var headers: [RecordHeader]
    /// Any bytes. Nil is a tombstone: the key is to be forgotten.
    public var value: [UInt8]?
    /// When what the record tells of was first written, for records that come from another log. Nil is now.
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

    /// As events have it: the key is text.
    public init(topic: String, partition: Int? = nil, key: String, headers: [RecordHeader] = [], value: [UInt8]) {
        self.init(topic: topic, partition: partition, key: Array(key.utf8), headers: headers, value: value)
    }

    /// Bytes of key, headers and value.
    public var byteCount: Int { headers.byteCount + (key?.count ?? 0) + (value?.count ?? 0) }
}

extension [RecordHeader] {
    var byteCount: Int { reduce(0) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) } }
}

/// A record in the log.
public struct LogRecord: Sendable, Equatable {
    public var position: LogPosition
    public var key: [UInt8]?
    public var headers: [RecordHeader]
    /// Nil is a tombstone.
    public var value: [UInt8]?
    /// When the log took the record, or what its sender gave. Never falls within a partition on ``PostgresLog``.
    public var time: Date

    public init(position: LogPosition, key: [UInt8]?, headers: [RecordHeader], value: [UInt8]?, time: Date) {
        self.position = position
        self.key = key
        self.headers = headers
        self.value = value
        self.time = time
    }

    /// The key as text, empty without one; damaged UTF-8 is repaired.
    public var keyText: String { String(decoding: key ?? [], as: UTF8.self) }

    /// What the record is called by: the id of its event, or, where its headers name none, its place: `user.registered/2/17`.
    public var id: String {
        if let id = headers[HeaderName.eventID], EventID(rawValue: id) != nil { return id }
        return "\(position.partition)/\(position.offset)"
    }
}

/// What became of one appended record.
public enum AppendOutcome: Sendable, Equatable {
    /// Durable, at this position; nil where the log knows only that it has the record already.
    case accepted(LogPosition?)
    /// The log will never take this record: too large, an unknown topic, not allowed.
    case refused(String)
    /// Not confirmed: append it again. It may be in the log already.
    case retry(String)
}
