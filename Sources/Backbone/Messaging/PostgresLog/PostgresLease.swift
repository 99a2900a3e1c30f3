internal import EventLoop
internal import Postgres
internal import Synchronization

/// The lease of a partition on ``PostgresLog``.
final class PostgresLease: Lease {
    let id: Int64
    let partition: TopicPartition
    let generation: Int64
    private let subscription: PostgresSubscription
    private let wake = Signal()
    private let state: Mutex<State>

    private struct State {
        /// Nil until the start position is known, for a group without a committed offset.
        var position: Int64?
        /// The last read found the end: there is nothing to read until ``wake`` is set.
        var isAtEnd = false
        var isRevoked = false
        var isEnded = false
        var isPaused = false
        var isReleased = false
    }

    init(_ partition: GroupTable.Partition, of subscription: PostgresSubscription) {
        id = partition.id
        self.partition = partition.name
        generation = partition.generation
        self.subscription = subscription
        state = Mutex(State(position: partition.committed))
        subscription.log.wakeUps.addReader(wake, of: id)
    }

    var isRevoked: Bool { state.withLock { $0.isRevoked || $0.isEnded || $0.isReleased } }

    func next(countMax: Int) async throws -> [LogRecord]? {
        while true {
            try Task.checkCancellation()
            if state.withLock({ $0.isAtEnd || $0.isPaused }) { await wake.wait() }
            wake.clear()
            if isRevoked || subscription.log.wakeUps.isClosed { return nil }
            if state.withLock({ $0.isPaused }) { continue }
            let from = try await currentPosition()
            let found = try await subscription.reads.call(
                WantedRecords(id: id, partition: partition, from: from, countMax: countMax))
            state.withLock { state in
                if let last = found.records.last { state.position = last.position.offset + 1 }
                state.isAtEnd = found.isAtEnd
            }
            if !found.records.isEmpty { return found.records }
        }
    }

    private func currentPosition() async throws -> Int64 {
        if let position = state.withLock({ $0.position }) { return position }
        let rows = try await subscription.log.database.query(
            "select first_offset, next_offset from event_log.partition where partition_id = \(id)")
        guard let (first, next) = try rows.first?.decode(Int64.self, Int64.self) else {
            throw EventLogError.unknownTopic(partition.topic)
        }
        let start = subscription.limits.start == .earliest ? first : next
        // Stored at once: a member that begins at the end must go on from there, even if nothing is ever read.
        if subscription.limits.start == .latest { try await commit(start) }
        return state.withLock { state in
            if state.position == nil { state.position = start }
            return state.position ?? start
        }
    }

    func commit(_ offset: Int64) async throws {
        do {
            try await subscription.commits.call(
                OffsetCommit(id: id, partition: partition, generation: generation, offset: offset))
        } catch EventLogError.leaseLost(let partition) {
            end()
            throw EventLogError.leaseLost(partition)
        }
    }

    func pause() { state.withLock { $0.isPaused = true } }

    func resume() {
        state.withLock { $0.isPaused = false }
        wake.set()
    }

    func release() async {
        let isFirst = state.withLock { state in
            defer { state.isReleased = true }
            return !state.isReleased
        }
        guard isFirst else { return }
        subscription.log.wakeUps.removeReader(wake, of: id)
        wake.set()
        await subscription.release(self)
    }

    /// The group wants the partition for another member.
    func revoke() {
        state.withLock { $0.isRevoked = true }
        wake.set()
    }

    /// The lease is gone: lost, or the subscription closed.
    func end() {
        state.withLock { $0.isEnded = true }
        subscription.log.wakeUps.removeReader(wake, of: id)
        wake.set()
    }
}
