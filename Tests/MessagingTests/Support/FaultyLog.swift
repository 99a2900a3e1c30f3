import Foundation
import Messaging
import Synchronization

/// A log whose answers to appends and commits can be broken on purpose; everything else is the real log's.
final class FaultyLog: EventLog {
    private let log: any EventLog
    private let answer: Mutex<(@Sendable (NewRecord) -> AppendOutcome?)?>
    private let losesCommits = Mutex(false)
    private let commitFailure = Mutex<(error: EventLogError?, count: Int)>((nil, 0))

    init(_ log: any EventLog, answering: (@Sendable (NewRecord) -> AppendOutcome?)? = nil) {
        self.log = log
        answer = Mutex(answering)
    }

    /// What appends answer instead of storing the record; nil lets it through.
    func answer(_ body: (@Sendable (NewRecord) -> AppendOutcome?)?) { answer.withLock { $0 = body } }

    /// From now on offsets are not committed, as if the process had died just before.
    func loseCommits() { losesCommits.withLock { $0 = true } }

    func append(_ records: [NewRecord]) async -> [AppendOutcome] {
        guard let broken = answer.withLock({ $0 }), records.contains(where: { broken($0) != nil }) else {
            return await log.append(records)
        }
        var outcomes: [AppendOutcome] = []
        for record in records {
            if let outcome = broken(record) {
                outcomes.append(outcome)
                if case .retry = outcome { break }
            } else {
                outcomes += await log.append([record])
            }
        }
        return outcomes + Array(repeating: .retry("behind one that failed"), count: records.count - outcomes.count)
    }

    func subscribe(_ group: String, to topics: [String], limits: SubscriptionLimits) async throws -> any Subscription {
        FaultySubscription(real: try await log.subscribe(group, to: topics, limits: limits), log: self)
    }

    /// What commits of offsets fail with from now on; nil lets them through.
    func failCommits(with error: EventLogError?) { commitFailure.withLock { $0.error = error } }

    var failedCommitCount: Int { commitFailure.withLock { $0.count } }

    fileprivate func commit(_ offset: Int64, on lease: any Lease) async throws {
        let failure = commitFailure.withLock { failure in
            if failure.error != nil { failure.count += 1 }
            return failure.error
        }
        if let failure { throw failure }
        if losesCommits.withLock({ $0 }) { throw EventLogError.leaseLost(lease.partition) }
        try await lease.commit(offset)
    }

    func apply(_ topics: [TopicSettings]) async throws { try await log.apply(topics) }
    func topics() async throws -> [TopicSummary] { try await log.topics() }
    func deleteTopics(_ names: [String]) async throws { try await log.deleteTopics(names) }
    func read(_ partition: TopicPartition, from offset: Int64, countMax: Int) async throws -> [LogRecord] {
        try await log.read(partition, from: offset, countMax: countMax)
    }
    func watermarks(of topic: String) async throws -> [TopicPartition: Range<Int64>] {
        try await log.watermarks(of: topic)
    }
    func offsets(of topic: String, at time: Date) async throws -> [TopicPartition: Int64] {
        try await log.offsets(of: topic, at: time)
    }
    func search(_ search: LogSearch) async throws -> [LogRecord] { try await log.search(search) }
    func groups() async throws -> [GroupPosition] { try await log.groups() }
    func resetOffsets(of group: String, to offsets: [TopicPartition: Int64]) async throws {
        try await log.resetOffsets(of: group, to: offsets)
    }
    func deleteGroup(_ group: String) async throws { try await log.deleteGroup(group) }
    func enforceRetention(at time: Date) async throws -> Int { try await log.enforceRetention(at: time) }
    func run() async throws { try await log.run() }
}

private struct FaultySubscription: Subscription {
    let real: any Subscription
    let log: FaultyLog

    func nextLease() async throws -> (any Lease)? {
        try await real.nextLease().map { FaultyLease(real: $0, log: log) }
    }
    func close() async { await real.close() }
}

private struct FaultyLease: Lease {
    let real: any Lease
    let log: FaultyLog

    var partition: TopicPartition { real.partition }
    var generation: Int64 { real.generation }
    var isRevoked: Bool { real.isRevoked }
    func next(countMax: Int) async throws -> [LogRecord]? { try await real.next(countMax: countMax) }
    func commit(_ offset: Int64) async throws { try await log.commit(offset, on: real) }
    func pause() { real.pause() }
    func resume() { real.resume() }
    func release() async { await real.release() }
}
