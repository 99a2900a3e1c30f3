#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What a topic should be.
public struct TopicSettings: Hashable, Sendable {
    public var name: String
    public var partitionCount: Int
    public var retention: Duration
    /// Bytes of key, headers and value of one record.
    public var recordBytesMax: Int
    /// Copies in a cluster. ``PostgresLog`` has the one of its database.
    public var replicationCount: Int
    /// Copies that must have a record before it counts as written.
    public var inSyncReplicasMin: Int

    public init(
        name: String, partitionCount: Int, retention: Duration, recordBytesMax: Int = 1024 * 1024,
        replicationCount: Int = 3, inSyncReplicasMin: Int = 2
    ) {
        self.name = name
        self.partitionCount = partitionCount
        self.retention = retention
        self.recordBytesMax = recordBytesMax
        self.replicationCount = replicationCount
        self.inSyncReplicasMin = inSyncReplicasMin
    }
}

/// What a topic is.
public struct TopicSummary: Hashable, Sendable {
    public var settings: TopicSettings
    /// Records kept now.
    public var messageCount: Int64

    public init(settings: TopicSettings, messageCount: Int64) {
        self.settings = settings
        self.messageCount = messageCount
    }
}

/// Where a group stands in one partition.
public struct GroupPosition: Hashable, Sendable {
    public var group: String
    public var partition: TopicPartition
    /// The offset the group reads next; nil before its first commit.
    public var committed: Int64?
    /// The offset the next record will get.
    public var end: Int64
    /// Records not yet committed.
    public var lag: Int64
    /// When the oldest of them was appended; nil without lag.
    public var oldestUnprocessed: Date?
    /// Whether a living member holds the partition.
    public var isHeld: Bool

    public init(
        group: String, partition: TopicPartition, committed: Int64?, end: Int64, lag: Int64, oldestUnprocessed: Date?,
        isHeld: Bool
    ) {
        self.group = group
        self.partition = partition
        self.committed = committed
        self.end = end
        self.lag = lag
        self.oldestUnprocessed = oldestUnprocessed
        self.isHeld = isHeld
    }
}

/// What to look for in the log.
public struct LogSearch: Sendable {
    /// Each is found in a key, a header's value or a value as these very bytes: ids stand in an Avro body as plain text.
    public var texts: [String]
    /// Nil searches every topic.
    public var topics: [String]?
    /// Records appended before this are left out.
    public var from: Date?
    /// At most so many, oldest first.
    public var countMax: Int

    public init(_ texts: [String], topics: [String]? = nil, from: Date? = nil, countMax: Int = 1_000) {
        self.texts = texts
        self.topics = topics
        self.from = from
        self.countMax = countMax
    }
}
