#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The required settings of a topic.
public struct TopicSettings: Hashable, Sendable {
    public var name: String
    public var partitionCount: Int
    public var retention: Duration
    /// The maximum bytes of key, headers and value of one record.
    public var recordBytesMax: Int
    /// The replication factor in a cluster. ``PostgresLog`` has one copy, in its database.
    public var replicationCount: Int
    /// The number of in-sync replicas required for a write.
    public var inSyncReplicasMin: Int
    /// The time span of a segment in a cluster, which deletes the records of a segment together, when the newest has reached the retention
    /// time: a record stays for up to this much longer. ``PostgresLog`` deletes single records.
    public var segmentMax: Duration

    public init(
        name: String, partitionCount: Int, retention: Duration, recordBytesMax: Int = 1024 * 1024,
        replicationCount: Int = 3, inSyncReplicasMin: Int = 2, segmentMax: Duration = .seconds(43_200)
    ) {
        self.name = name
        self.partitionCount = partitionCount
        self.retention = retention
        self.recordBytesMax = recordBytesMax
        self.replicationCount = replicationCount
        self.inSyncReplicasMin = inSyncReplicasMin
        self.segmentMax = segmentMax
    }
}

/// The current state of a topic.
public struct TopicSummary: Hashable, Sendable {
    public var settings: TopicSettings
    /// The number of retained records.
    public var messageCount: Int64

    public init(settings: TopicSettings, messageCount: Int64) {
        self.settings = settings
        self.messageCount = messageCount
    }
}

/// A group's state in one partition.
public struct GroupPosition: Hashable, Sendable {
    public var group: String
    public var partition: TopicPartition
    /// The group's next offset; nil before its first commit.
    public var committed: Int64?
    /// The offset of the next record.
    public var end: Int64
    /// Records not yet committed.
    public var lag: Int64
    /// The timestamp of the oldest of them; nil without lag.
    public var oldestUnprocessed: Date?
    /// Whether an active member holds the partition.
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

/// A search in the log.
public struct LogSearch: Sendable {
    /// Each text is searched as bytes in keys, header values and values: ids are plain text in an Avro body.
    public var texts: [String]
    /// The topics to search.
    public var topics: [String]
    /// Records appended before this are skipped.
    public var from: Date?
    /// The maximum number of results, oldest first.
    public var countMax: Int

    public init(_ texts: [String], topics: [String], from: Date? = nil, countMax: Int = 1_000) {
        self.texts = texts
        self.topics = topics
        self.from = from
        self.countMax = countMax
    }
}
