import EventLoop
import Foundation
import HubTesting
import Messaging
import Testing

/// The client for a behaviour, and a way to create more.
struct LogUnderTest: Sendable {
    let log: any EventLog
    let factory: any EventLogFactory
    /// A new topic.
    let topic = "t-\(UInt64.random(in: 0...UInt64.max))"
    let group = "g-\(UInt64.random(in: 0...UInt64.max))"

    func make(partitions: Int = 3, retention: Duration = .seconds(86_400)) async throws {
        try await log.make([TopicSettings(name: topic, partitionCount: partitions, retention: retention)])
    }

    func record(_ key: String, _ value: String, partition: Int? = nil) -> NewRecord {
        NewRecord(
            topic: topic, partition: partition, key: key, headers: [RecordHeader("event-id", value)],
            value: Array(value.utf8))
    }

    /// Appends values under one key each and expects all to be accepted.
    @discardableResult
    func append(_ records: [NewRecord]) async throws -> [LogPosition] {
        var outcomes = await log.append(records)
        // The queried broker may not know a new topic yet; then nothing was stored.
        let end = ContinuousClock.now + .seconds(20)
        while outcomes.allSatisfy(Self.isUnheardOf), .now < end { outcomes = await log.append(records) }
        return try outcomes.map { outcome in
            guard case .accepted(let position?) = outcome else {
                Issue.record("not accepted: \(outcome)")
                throw CancellationError()
            }
            return position
        }
    }

    private static func isUnheardOf(_ outcome: AppendOutcome) -> Bool {
        guard case .retry(let reason) = outcome else { return false }
        return reason.contains("create the topic")
    }

    func subscribe(
        _ client: (any EventLog)? = nil, group: String? = nil, start: StartPosition = .earliest,
        handOverMax: Duration? = nil
    ) async throws -> any Subscription {
        var limits = factory.limits
        limits.handOverMax = handOverMax ?? limits.handOverMax
        limits.start = start
        return try await (client ?? log).subscribe(group ?? self.group, to: [topic], limits: limits)
    }

    /// The next lease of a subscription, within a limit, begun where the log thinks the group is.
    func lease(_ subscription: any Subscription) async throws -> any Lease {
        let lease = try await within { try #require(try await subscription.nextLease()) }
        _ = try await lease.start(at: nil)
        return lease
    }

    /// Commits the position of the group, and waits until the log has it.
    func acknowledge(_ offset: Int64, _ lease: any Lease) async throws {
        lease.acknowledge(offset)
        try await eventually("the log knows the position") { try await committed(lease.partition) == offset }
    }

    /// Where the group stands in the one partition there is.
    func position() async throws -> GroupPosition {
        let positions = try await log.positions(of: [group])
        return try #require(positions.first)
    }

    func committed(_ partition: TopicPartition) async throws -> Int64? {
        try await log.positions(of: [group]).first { $0.partition == partition }?.committed
    }

    func leases(_ subscription: any Subscription, _ count: Int) async throws -> [any Lease] {
        var leases: [any Lease] = []
        while leases.count < count { leases.append(try await lease(subscription)) }
        return leases.sorted { $0.partition < $1.partition }
    }

    /// Reads from a lease until so many records are there.
    func read(_ lease: any Lease, _ count: Int) async throws -> [LogRecord] {
        var records: [LogRecord] = []
        while records.count < count {
            let more = try await within { try await lease.next(countMax: 100) }
            guard let more else { break }
            records += more.records
        }
        return records
    }

    func next(_ lease: any Lease) async throws -> LogBatch? { try await within { try await lease.next(countMax: 100) } }

    func within<Value: Sendable>(
        _ limit: Duration = .seconds(20), _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withTimeout(limit, on: TestLoops.shared.next(), onTimeout: { TimedOut() }, body)
    }

    struct TimedOut: Error {}
}

extension LogRecord {
    var text: String { String(decoding: value ?? [], as: UTF8.self) }
}
