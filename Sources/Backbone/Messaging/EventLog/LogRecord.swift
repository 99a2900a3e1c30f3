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

/// A named value beside a record. Names may repeat; values are any bytes.
public struct RecordHeader: Hashable, Sendable {
    public var name: String
    public var value: [UInt8]

    public init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, _ value: String) { self.init(name, Array(value.utf8)) }

    /// The value as text; damaged UTF-8 is repaired.
    public var text: String { String(decoding: value, as: UTF8.self) }
}

extension [RecordHeader] {
    /// The last header of a name, as Kafka's clients read it.
    public subscript(name: String) -> String? { last { $0.name == name }?.text }

    public mutating func set(_ name: String, _ value: String) {
        removeAll { $0.name == name }
        append(RecordHeader(name, value))
    }
}

/// A record on its way into the log.
public struct NewRecord: Sendable, Equatable {
    public var topic: String
    /// Nil lets the key decide (see ``Partitioner``).
    public var partition: Int?
    public var key: String
    public var headers: [RecordHeader]
    public var value: [UInt8]

    public init(topic: String, partition: Int? = nil, key: String, headers: [RecordHeader] = [], value: [UInt8]) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.headers = headers
        self.value = value
    }
}

/// A record in the log.
public struct LogRecord: Sendable, Equatable {
    public var position: LogPosition
    public var key: String
    public var headers: [RecordHeader]
    public var value: [UInt8]
    /// When the log took the record. Never falls within a partition on ``PostgresLog``.
    public var time: Date

    public init(position: LogPosition, key: String, headers: [RecordHeader], value: [UInt8], time: Date) {
        self.position = position
        self.key = key
        self.headers = headers
        self.value = value
        self.time = time
    }
}

/// What became of one appended record.
public enum AppendOutcome: Sendable, Equatable {
    /// Durable at this position.
    case accepted(LogPosition)
    /// The log will never take this record: too large, an unknown topic, not allowed.
    case refused(String)
    /// Not confirmed: append it again. It may be in the log already.
    case retry(String)
}
