import EventLoop
import Foundation
import HubTesting
import Messaging
import Testing

/// What a behaviour is checked with: a client, and the way to more.
struct LogUnderTest: Sendable {
    let log: any EventLog
    let factory: any EventLogFactory
    /// A topic of its own.
    let topic = "t-\(UInt64.random(in: 0...UInt64.max))"
    let group = "g-\(UInt64.random(in: 0...UInt64.max))"

    func make(partitions: Int = 3, retention: Duration = .seconds(86_400)) async throws {
        try await log.apply([TopicSettings(name: topic, partitionCount: partitions, retention: retention)])
    }

    func record(_ key: String, _ value: String, partition: Int? = nil) -> NewRecord {
        NewRecord(
            topic: topic, partition: partition, key: key, headers: [RecordHeader("event-id", value)],
            value: Array(value.utf8))
    }

    /// Appends values under one key each and expects all to be accepted.
    @discardableResult
    func append(_ records: [NewRecord]) async throws -> [LogPosition] {
        try await log.append(records).map { outcome in
            guard case .accepted(let position) = outcome else {
                Issue.record("not accepted: \(outcome)")
                throw CancellationError()
            }
            return position
        }
    }

    func subscribe(_ client: (any EventLog)? = nil, group: String? = nil, start: StartPosition = .earliest) async throws
        -> any Subscription
    {
        var limits = factory.limits
        limits.start = start
        return try await (client ?? log).subscribe(group ?? self.group, to: [topic], limits: limits)
    }

    /// The next lease of a subscription, within a limit.
    func lease(_ subscription: any Subscription) async throws -> any Lease {
        try await within { try #require(try await subscription.nextLease()) }
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
            records += more
        }
        return records
    }

    func within<Value: Sendable>(
        _ limit: Duration = .seconds(20), _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withTimeout(limit, on: TestLoops.shared.next(), onTimeout: { TimedOut() }, body)
    }

    struct TimedOut: Error {}
}

extension LogRecord {
    var text: String { String(decoding: value, as: UTF8.self) }
}
