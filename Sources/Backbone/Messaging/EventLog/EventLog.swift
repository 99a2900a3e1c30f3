#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What takes records in: all that a ``Relay`` needs of a log.
public protocol EventAppender: Sendable {
    /// Appends records in their order, and answers once they are durable: one outcome for each record, in the order given.
    ///
    /// Records of a batch fail one by one, but never so that order is lost: after a record that is to be retried no later record
    /// of its partition in the same call is accepted. When an outcome is ``AppendOutcome/retry(_:)`` the record may have been stored all the
    /// same: appending it again can double it.
    /// - Parameter limit: what is not confirmed after so long is to be retried.
    func append(_ records: [NewRecord], within limit: Duration) async -> [AppendOutcome]
}

/// The log of events: topics of numbered partitions, to which records are appended and from which groups read.
///
/// What callers may rely on, and one conformance suite tests on each implementation:
/// - Records of one key land in one partition (see ``Partitioner``) and are read in the order they were appended.
/// - Offsets of a partition rise and become visible in order; a reader never sees an offset before a lower one.
/// - A partition has one holder in a group at a time, as far as the log can tell: one that was frozen and wakes believes that it still
///   is. What holders write is fenced where they write it (see ``ConsumerPositions``).
/// - Delivery is at least once.
public protocol EventLog: EventAppender {
    // MARK: Topics

    /// Makes changes that ``plan(_:)`` found, in their order. Applying one that has been made already does nothing.
    ///
    /// Topics are made by operators: nobody who only reads and writes needs the right to.
    /// - Throws: ``EventLogError``.
    func apply(_ changes: [TopicChange]) async throws

    /// What the log holds, by name.
    func topics() async throws -> [TopicSummary]

    /// So long after a topic was made ``topics()`` may still lack it, because it asks a part of the log that has not heard of it.
    var topicsHeardOfWithin: Duration { get }

    /// Removes topics with their records and every group's offsets in them. Unknown names are ignored.
    func deleteTopics(_ names: [String]) async throws

    // MARK: Records

    /// Reads ranges of partitions with no group: for replays, tails and searches. Whoever asks for a reader closes it.
    /// - Parameter ranges: from the first offset wanted to the one after the last. Records that retention has removed are skipped, records
    ///   that are still to come are waited for.
    /// - Throws: ``EventLogError``.
    func reader(_ ranges: [TopicPartition: Range<Int64>]) async throws -> any LogReader

    /// First offset kept and the offset the next record will get, for each partition of a topic.
    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func watermarks(of topic: String) async throws -> [TopicPartition: Range<Int64>]

    /// For each partition of a topic the offset of the first record appended at or after a time; the end where there is none.
    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func offsets(of topic: String, at time: Date) async throws -> [TopicPartition: Int64]

    /// Records whose key, headers or value contain one of some texts, oldest first.
    func search(_ search: LogSearch) async throws -> [LogRecord]

    // MARK: Groups

    /// Joins a group. The subscription hands out leases of partitions until it is closed.
    func subscribe(_ group: String, to topics: [String], limits: SubscriptionLimits) async throws -> any Subscription

    /// Where groups stand, by group, topic and partition, as far as the log was told; see ``Lease/acknowledge(_:)``.
    /// - Parameter group: nil for every group.
    func positions(of group: String?) async throws -> [GroupPosition]

    /// Sets what the log knows of where a group reads on. Partitions not named stay. For groups whose positions a database keeps see
    /// ``ConsumerPositions``.
    /// - Throws: ``EventLogError/groupInUse(_:)`` while members hold the group.
    func resetOffsets(of group: String, to offsets: [TopicPartition: Int64]) async throws

    /// Forgets a group. Unknown names are ignored.
    /// - Throws: ``EventLogError/groupInUse(_:)`` while members hold the group.
    func deleteGroup(_ group: String) async throws

    // MARK: Upkeep

    /// Removes records older than their topic's retention, in bounded steps.
    /// - Returns: how many were removed; 0 where the log's own servers do it.
    func enforceRetention(at time: Date) async throws -> Int

    /// What the log does besides answering: it keeps members alive and wakes who waits. Whoever subscribes runs it, once, from before
    /// the first subscription to after the last; who only appends, reads or looks need not. When it ends, subscriptions end.
    /// - Throws: `CancellationError`, when its task is cancelled; nothing else ends it.
    func run() async throws

    /// The servers that keep the log; nil where it is kept in the hub's own database.
    /// - Throws: ``EventLogError/unavailable(_:)``, which says why they cannot be asked.
    func cluster() async throws -> LogCluster?

    /// Ends what the log itself holds open, when nobody uses it any more.
    func close() async
}

/// Why the log could not do what was asked.
public enum EventLogError: Error, Sendable, Equatable {
    case unknownTopic(String)
    /// The group has members that are alive.
    case groupInUse(String)
    /// The partition has gone to another member, or the lease is over.
    case leaseLost(TopicPartition)
    /// Retention has removed records the group had not read: `firstKept` is the first there is.
    case gap(TopicPartition, firstKept: Int64)
    /// The position lies behind the partition's end: the topic was removed and made anew, and offsets mean other records now.
    case truncated(TopicPartition, end: Int64)
    /// The log cannot be reached now.
    case unavailable(String)
    /// The arguments break a limit or a rule; trying again does not help.
    case invalid(String)
}

extension EventLogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownTopic(let topic): "there is no topic \(topic): `learning-hub topics apply` makes what is missing"
        case .groupInUse(let group): "group \(group) has members: stop the service first"
        case .leaseLost(let partition): "\(partition) has gone to another member"
        case .gap(let partition, let first):
            "\(partition): records were removed before they were read; the first kept is \(first)"
        case .truncated(let partition, let end):
            "\(partition) ends at \(end), before the group's position: the topic was made anew"
        case .unavailable(let reason), .invalid(let reason): reason
        }
    }
}
