import Foundation
import Messaging
import Synchronization

/// A log whose answers to appends can be broken on purpose, and whose leases can be; everything else is the real log's.
final class FaultyLog: EventLog {
    private let log: any EventLog
    private let subscription: (any Subscription)?
    private let stall = Mutex<Gate?>(nil)
    private let answer: Mutex<(@Sendable (NewRecord) -> AppendOutcome?)?>

    /// - Parameter subscription: what every group is given; nil for the real log's.
    init(
        _ log: any EventLog, subscription: (any Subscription)? = nil,
        answering: (@Sendable (NewRecord) -> AppendOutcome?)? = nil
    ) {
        self.log = log
        self.subscription = subscription
        answer = Mutex(answering)
    }

    /// What appends answer instead of storing the record; nil lets it through.
    func answer(_ body: (@Sendable (NewRecord) -> AppendOutcome?)?) { answer.withLock { $0 = body } }

    /// Appends wait for the gate, as when brokers are down; nil lets them through.
    func stall(until gate: Gate?) { stall.withLock { $0 = gate } }

    func append(_ records: [NewRecord], within limit: Duration) async -> [AppendOutcome] {
        if let gate = stall.withLock({ $0 }) { try? await gate.wait() }
        guard let broken = answer.withLock({ $0 }), records.contains(where: { broken($0) != nil }) else {
            return await log.append(records, within: limit)
        }
        var outcomes: [AppendOutcome] = []
        for record in records {
            if let outcome = broken(record) {
                outcomes.append(outcome)
                if case .retry = outcome { break }
            } else {
                outcomes += await log.append([record], within: limit)
            }
        }
        return outcomes + Array(repeating: .retry("behind one that failed"), count: records.count - outcomes.count)
    }

    func subscribe(_ group: String, to topics: [String], limits: SubscriptionLimits) async throws -> any Subscription {
        if let subscription { return subscription }
        return try await log.subscribe(group, to: topics, limits: limits)
    }
    func apply(_ changes: [TopicChange]) async throws { try await log.apply(changes) }
    func topics(_ names: [String]) async throws -> [TopicSummary] { try await log.topics(names) }
    var topicsHeardOfWithin: Duration { log.topicsHeardOfWithin }
    func deleteTopics(_ names: [String]) async throws { try await log.deleteTopics(names) }
    func reader(_ ranges: [TopicPartition: Range<Int64>]) async throws -> any LogReader {
        try await log.reader(ranges)
    }
    func watermarks(of topic: String) async throws -> [TopicPartition: Range<Int64>] {
        try await log.watermarks(of: topic)
    }
    func offsets(of topic: String, at time: Date) async throws -> [TopicPartition: Int64] {
        try await log.offsets(of: topic, at: time)
    }
    func search(_ search: LogSearch) async throws -> [LogRecord] { try await log.search(search) }
    func positions(of groups: [String]?) async throws -> [GroupPosition] { try await log.positions(of: groups) }
    func memberCounts(of groups: [String]) async throws -> [String: Int]? { try await log.memberCounts(of: groups) }
    func resetOffsets(of group: String, to offsets: [TopicPartition: Int64]) async throws {
        try await log.resetOffsets(of: group, to: offsets)
    }
    func deleteGroup(_ group: String) async throws { try await log.deleteGroup(group) }
    func enforceRetention(of isIncluded: @Sendable (String) -> Bool, at time: Date) async throws -> Int {
        try await log.enforceRetention(of: isIncluded, at: time)
    }
    func run() async throws { try await log.run() }
    func cluster(of topics: [String]) async throws -> LogCluster? { try await log.cluster(of: topics) }
    func close() async { await log.close() }
}
