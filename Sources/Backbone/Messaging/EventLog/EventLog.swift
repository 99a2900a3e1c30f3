#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Appends records: the part of a log that a ``Relay`` needs.
public protocol EventAppender: Sendable {
    /// Appends records in order, and returns once they are durable: one outcome per record, in the given order.
    ///
    /// Records of a batch may fail individually without breaking the order: after a record with the outcome retry, no later record of its
    /// partition in the same call is accepted. A record with the outcome ``AppendOutcome/retry(_:)`` may have been stored; appending it
    /// again may create a duplicate.
    /// - Parameter limit: records not acknowledged within this time get the outcome retry.
    func append(_ records: [NewRecord], within limit: Duration) async -> [AppendOutcome]
}

/// The event log: topics with numbered partitions, to which records are appended and from which groups read.
///
/// Guarantees, which one conformance suite tests on each implementation:
/// - Records with the same key go to one partition (see ``Partitioner``) and are read in the order of their appends.
/// - Offsets of a partition increase and become visible in order; a reader never sees an offset before a lower one.
/// - A partition has one holder per group at a time, as far as the log can tell: a frozen member that resumes may still believe that it
///   holds the partition. Holders' writes are fenced where they are stored (see ``ConsumerPositions``).
/// - Delivery is at least once.
public protocol EventLog: EventAppender {
    // MARK: Topics

    /// Applies the changes of ``plan(_:)`` in order. Idempotent.
    ///
    /// Operators create topics: services that only read and write need no right to do so.
    /// - Throws: ``EventLogError``.
    func apply(_ changes: [TopicChange]) async throws

    /// The topics of these names, by name; missing ones are left out. A cluster may hold topics of other programs, so there is no list of
    /// all.
    func topics(_ names: [String]) async throws -> [TopicSummary]

    /// How long ``topics(_:)`` may lack a new topic, because the metadata of the broker it asks is not updated yet.
    var topicsHeardOfWithin: Duration { get }

    /// Deletes topics with their records and all groups' offsets in them. Unknown names are ignored.
    func deleteTopics(_ names: [String]) async throws

    // MARK: Records

    /// Reads partition ranges outside of any group: for replays, tails and searches. The caller must close the reader.
    /// - Parameter ranges: from the first offset to the end offset, exclusive. Records removed by retention are skipped; the reader waits
    ///   for records that are not written yet.
    /// - Throws: ``EventLogError``.
    func reader(_ ranges: [TopicPartition: Range<Int64>]) async throws -> any LogReader

    /// The first retained offset and the offset of the next record, for each partition of a topic.
    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func watermarks(of topic: String) async throws -> [TopicPartition: Range<Int64>]

    /// For each partition of a topic, the offset of the first record appended at or after a time; the end offset when there is none.
    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func offsets(of topic: String, at time: Date) async throws -> [TopicPartition: Int64]

    /// Records whose key, headers or value contain one of the given texts, oldest first.
    func search(_ search: LogSearch) async throws -> [LogRecord]

    // MARK: Groups

    /// Joins a group. The subscription returns leases of partitions until it is closed.
    func subscribe(_ group: String, to topics: [String], limits: SubscriptionLimits) async throws -> any Subscription

    /// The acknowledged offsets of groups, by group, topic and partition; see ``Lease/acknowledge(_:)``.
    /// - Parameter groups: nil for every group of the log, including those of other programs on a cluster.
    func positions(of groups: [String]?) async throws -> [GroupPosition]

    /// The number of active members of each group. Nil for a log of one hub alone, whose members can only be the hub's.
    func memberCounts(of groups: [String]) async throws -> [String: Int]?

    /// Sets a group's next offsets in the log; other partitions stay unchanged. For groups whose offsets are stored in a database see
    /// ``ConsumerPositions``.
    /// - Throws: ``EventLogError/groupInUse(_:)`` while the group has members.
    func resetOffsets(of group: String, to offsets: [TopicPartition: Int64]) async throws

    /// Deletes a group. Unknown names are ignored.
    /// - Throws: ``EventLogError/groupInUse(_:)`` while the group has members.
    func deleteGroup(_ group: String) async throws

    // MARK: Upkeep

    /// Deletes records older than their topic's retention, in bounded steps.
    /// - Parameter isIncluded: whether to clean the topic of this name.
    /// - Returns: how many were deleted; 0 where the log's own servers do this.
    func enforceRetention(of isIncluded: @Sendable (String) -> Bool, at time: Date) async throws -> Int

    /// The log's background work: heartbeats of members and wake-ups of waiting readers. A process with subscriptions must run it once,
    /// from before the first subscription until after the last; other processes need not. When it ends, subscriptions end.
    /// - Throws: only `CancellationError`, when its task is cancelled.
    func run() async throws

    /// The servers of the log and the state of these topics; nil when the log is in the hub's own database.
    /// - Throws: ``EventLogError/unavailable(_:)`` with the reason.
    func cluster(of topics: [String]) async throws -> LogCluster?

    /// Closes the log's own resources, after its last use.
    func close() async
}

/// Why a log operation failed.
public enum EventLogError: Error, Sendable, Equatable {
    case unknownTopic(String)
    /// The group has active members.
    case groupInUse(String)
    /// Another member has the partition, or the lease has ended.
    case leaseLost(TopicPartition)
    /// Retention removed records the group had not read: `firstKept` is the first remaining one.
    case gap(TopicPartition, firstKept: Int64)
    /// The offset is beyond the partition's end: the topic was deleted and created again, so offsets now refer to other records.
    case truncated(TopicPartition, end: Int64)
    /// The log is unreachable.
    case unavailable(String)
    /// Invalid arguments; a retry fails again.
    case invalid(String)
}

extension EventLogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownTopic(let topic): "there is no topic \(topic): `learning-hub topics apply` creates missing topics"
        case .groupInUse(let group):
            "group \(group) has members: stop the service first; a killed process counts for some seconds"
        case .leaseLost(let partition): "\(partition) has gone to another member"
        case .gap(let partition, let first):
            "\(partition): records were removed before they were read; the first kept is \(first)"
        case .truncated(let partition, let end):
            "\(partition) ends at \(end), before the group's position: the topic was created again"
        case .unavailable(let reason), .invalid(let reason): reason
        }
    }
}
