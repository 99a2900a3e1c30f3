#if os(Linux)
import Contracts
import Foundation
import HubTesting
import Messaging
import Observability
import Synchronization
import Testing

/// Partitions come and go for as long as a process lives.
@Suite(.serialized) struct LeaseMemoryTests {
    private static let leaseCount = 10_000
    /// A task that has ended and is still held takes five times as much.
    private static let bytesMaxOfLease = 1_000

    private static func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(fields[1])) * 4_096
    }

    @Test func `an ended lease is freed`() async throws {
        try await TestHub.with { hub in
            let subscription = BriefLeases()
            let consumer = hub.consumer(
                [Handler(name: "unused", on: UserRegistered.self) { _, _ in }],
                log: FaultyLog(hub.log, subscription: subscription), logLevel: .error)
            try await hub.running([consumer.run]) {
                try await eventually(within: .seconds(60), "caches are filled") { subscription.endedCount > 2_000 }
                let countBefore = subscription.endedCount
                let bytesBefore = try Self.residentBytes()
                try await eventually(within: .seconds(120), "many leases have ended") {
                    subscription.endedCount > countBefore + Self.leaseCount
                }
                let grown = try Self.residentBytes() - bytesBefore
                #expect(grown / (subscription.endedCount - countBefore) < Self.bytesMaxOfLease)
            }
        }
    }
}

/// Leases that are lost as soon as they begin, one after the other.
private final class BriefLeases: Subscription {
    private let given = Atomic(0)
    private let ended = Atomic(0)
    private static let underWayMax = 8

    var endedCount: Int { ended.load(ordering: .relaxed) }

    func nextLease() async throws -> (any Lease)? {
        while given.load(ordering: .relaxed) - endedCount >= Self.underWayMax {
            try Task.checkCancellation()
            await Task.yield()
        }
        given.add(1, ordering: .relaxed)
        return BriefLease { self.ended.add(1, ordering: .relaxed) }
    }

    func close() async {}
}

private struct BriefLease: Lease {
    let end: @Sendable () -> Void
    let partition = TopicPartition("user.registered", 0)
    let isRevoked = true

    func start(at offset: Int64?) async throws -> Int64 { throw EventLogError.leaseLost(partition) }
    func next(countMax: Int, atEnd: @Sendable () -> Void) async throws -> LogBatch? { nil }
    func acknowledge(_ offset: Int64) {}
    func whenRevoked() async {}
    func release() async { end() }
}
#endif
