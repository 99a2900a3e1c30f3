internal import EventLoop
internal import Postgres
internal import Synchronization

/// The lease of a partition on ``PostgresLog``.
final class PostgresLease: Lease {
    let id: Int64
    let partition: TopicPartition
    /// Identifies this lease among those of the partition: it increases with every change of the holder.
    let generation: Int64
    private let committed: Int64?
    private let subscription: PostgresSubscription
    private let wake = Signal()
    private let revocation = Announcement()
    private let state = Mutex(State())

    private struct State {
        var position: Int64?
        /// The last read reached the end: nothing to read until ``wake`` is set.
        var isAtEnd = false
        /// The offset is known to be valid for the partition.
        var isVerified = false
        var isReleased = false
        var revokedAt: ContinuousClock.Instant?
        /// Acknowledged, but not stored in the log yet.
        var acknowledged: Int64?
    }

    init(_ partition: GroupTable.Partition, of subscription: PostgresSubscription) {
        id = partition.id
        self.partition = partition.name
        generation = partition.generation
        committed = partition.committed
        self.subscription = subscription
        subscription.log.wakeUps.addReader(wake, of: id)
    }

    var isRevoked: Bool { revocation.isMade }

    func whenRevoked() async { await revocation.wait() }

    func start(at offset: Int64?) async throws -> Int64 {
        let position: Int64
        if let known = offset ?? committed {
            position = known
        } else {
            let mark = try await subscription.log.mark(of: id, partition)
            position = subscription.limits.start == .earliest ? mark.lowerBound : mark.upperBound
        }
        state.withLock { state in
            state.position = position
            state.isVerified = false
            state.isAtEnd = false
        }
        return position
    }

    func next(countMax: Int, atEnd: @Sendable () -> Void) async throws -> LogBatch? {
        while true {
            try Task.checkCancellation()
            if state.withLock({ $0.isAtEnd }) {
                atEnd()
                await wake.wait()
            }
            wake.clear()
            // A read that fails is repeated without waiting for a record.
            state.withLock { $0.isAtEnd = false }
            if isRevoked || subscription.log.wakeUps.isClosed { return nil }
            guard let from = state.withLock({ $0.position }) else {
                throw EventLogError.invalid("\(partition) is read without a start position")
            }
            let found = try await subscription.reads.call(
                WantedRecords(id: id, partition: partition, from: from, countMax: countMax))
            // Offsets have no gaps except before the first retained record.
            if let first = found.records.first?.position.offset, first > from {
                throw EventLogError.gap(partition, firstKept: first)
            }
            if found.records.isEmpty { try await verify(from) }
            let next = (found.records.last?.position.offset).map { $0 + 1 } ?? from
            state.withLock { state in
                state.position = next
                state.isAtEnd = found.isAtEnd
                state.isVerified = true
            }
            if !found.records.isEmpty {
                return LogBatch(partition: partition, records: found.records, nextOffset: next)
            }
        }
    }

    /// Distinguishes the end of a partition from an invalid offset.
    private func verify(_ position: Int64) async throws {
        if state.withLock({ $0.isVerified }) { return }
        let mark = try await subscription.log.mark(of: id, partition)
        if position < mark.lowerBound { throw EventLogError.gap(partition, firstKept: mark.lowerBound) }
        if position > mark.upperBound { throw EventLogError.truncated(partition, end: mark.upperBound) }
    }

    func acknowledge(_ offset: Int64) { state.withLock { $0.acknowledged = offset } }

    /// The offset to store in the log; returned once.
    func takeAcknowledged() -> OffsetCommit? {
        state.withLock { state in
            defer { state.acknowledged = nil }
            return state.acknowledged.map { OffsetCommit(id: id, generation: generation, offset: $0) }
        }
    }

    func release() async {
        let isFirst = state.withLock { state in
            defer { state.isReleased = true }
            return !state.isReleased
        }
        guard isFirst else { return }
        end()
        await subscription.release(self)
    }

    /// The partition is to move to another member.
    /// - Returns: for how long the move has been pending.
    func revoke() -> Duration {
        let since = state.withLock { state in
            let since = state.revokedAt ?? .now
            state.revokedAt = since
            return since
        }
        revocation.make()
        wake.set()
        return ContinuousClock.now - since
    }

    /// The lease ended: released, lost, or the subscription was closed.
    func end() {
        subscription.log.wakeUps.removeReader(wake, of: id)
        revocation.make()
        wake.set()
    }
}
