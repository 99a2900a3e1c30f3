#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The log of events: topics of numbered partitions, to which records are appended and from which groups read.
///
/// ``PostgresLog`` keeps it in the service's own database server; the same protocol fits Apache Kafka. What callers may rely on,
/// and one conformance suite tests on each implementation:
/// - Records of one key land in one partition (see ``Partitioner``) and are read in the order they were appended.
/// - Offsets of a partition rise and become visible in order; a reader never sees an offset before a lower one.
/// - One member of a group at a time holds the lease of a partition; a member that lost it cannot commit.
/// - Delivery is at least once.
public protocol EventLog: Sendable {
    // MARK: Topics

    /// Creates the topics that are missing, and sets retention and, upwards, the partition count of those that exist.
    /// - Throws: ``EventLogError``.
    func apply(_ topics: [TopicSettings]) async throws

    /// What the log holds, by name.
    func topics() async throws -> [TopicSummary]

    /// Removes topics with their records and every group's offsets in them. Unknown names are ignored.
    func deleteTopics(_ names: [String]) async throws

    // MARK: Records

    /// Appends records in their order, and answers once they are durable: one outcome for each record, in the order given.
    ///
    /// Records of a batch fail one by one, but never so that order is lost: after a record that is to be retried no later record
    /// of its partition in the same call is accepted. When an outcome is ``AppendOutcome/retry(_:)`` the record may have been stored all the
    /// same: appending it again can double it.
    func append(_ records: [NewRecord]) async -> [AppendOutcome]

    /// Reads records of one partition from an offset on, with no group: for replays, tails and searches.
    ///
    /// - Parameters:
    ///   - offset: the lowest offset wanted; records that retention has removed are skipped.
    ///   - countMax: at most so many records.
    /// - Returns: what is there now, oldest first; empty at the end. A caller may get fewer than there are.
    func read(_ partition: TopicPartition, from offset: Int64, countMax: Int) async throws -> [LogRecord]

    /// First offset kept and the offset the next record will get, for each partition of a topic.
    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func watermarks(of topic: String) async throws -> [TopicPartition: Range<Int64>]

    /// For each partition of a topic the offset of the first record appended at or after a time; the end where there is none.
    /// - Throws: ``EventLogError/unknownTopic(_:)``.
    func offsets(of topic: String, at time: Date) async throws -> [TopicPartition: Int64]

    /// Records whose key, headers or value contain a text, oldest first.
    func search(_ search: LogSearch) async throws -> [LogRecord]

    // MARK: Groups

    /// Joins a group. The subscription hands out leases of partitions until it is closed.
    func subscribe(_ group: String, to topics: [String], limits: SubscriptionLimits) async throws -> any Subscription

    /// Every group's position in every partition it has read, by group, topic and partition.
    func groups() async throws -> [GroupPosition]

    /// Sets where a group reads on. Partitions not named stay.
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
}

/// Why the log could not do what was asked.
public enum EventLogError: Error, Sendable, Equatable {
    case unknownTopic(String)
    /// The group has members that are alive.
    case groupInUse(String)
    /// The lease of the partition has gone to another member, or is over.
    case leaseLost(TopicPartition)
    /// The log cannot be reached now.
    case unavailable(String)
    /// The arguments break a limit or a rule; trying again does not help.
    case invalid(String)
}
