internal import Contracts
internal import EventLoop
internal import Observability

/// Handles one partition as long as its lease lasts.
struct PartitionWorker: Sendable {
    let consumer: Consumer
    let lease: any Lease
    let loop: EventLoop

    /// Ends when the lease is over or the task is cancelled, for no other reason, and gives the partition back.
    func run() async {
        do {
            try await work()
        } catch EventLogError.leaseLost {
            consumer.logger.notice("partition lost to another member", facts([:]))
        } catch {
            // The task is cancelled: all else is dealt with where it happens.
        }
        await lease.release()
    }

    /// While a batch is handled the next one is read.
    private func work() async throws {
        var batch = try await next()
        while let records = batch {
            async let following = next()
            try await handle(records)
            batch = try await following
            if lease.isRevoked { return }
        }
    }

    private func next() async throws -> [LogRecord]? {
        try await untilDone("partition not read") { try await lease.next(countMax: consumer.limits.batchCountMax) }
    }

    /// Decoding comes first, outside any transaction: what cannot be decoded is a dead letter whatever else happens.
    private func handle(_ records: [LogRecord]) async throws {
        guard let last = records.last else { return }
        var together: [PreparedEvent] = [], alone: [PreparedEvent] = []
        for (index, record) in records.enumerated() {
            await Fairness.pause(after: index)
            guard let event = try await prepare(record) else { continue }
            if consumer.processor.handlesTogether(event.origin.position.partition.topic) {
                together.append(event)
            } else {
                alone.append(event)
            }
        }
        if !together.isEmpty, !(await handledTogether(together)) { alone = together + alone }
        if !alone.isEmpty { try await handleAlone(alone) }
        try await commit(last.position.offset + 1)
    }

    /// Nil when there is nothing to do, or the record went to the dead letters.
    private func prepare(_ record: LogRecord) async throws -> PreparedEvent? {
        let single = SingleEvent(consumer: consumer, lease: lease, loop: loop, record: record)
        return try await single.untilDone { try await consumer.processor.prepare(record) } ?? nil
    }

    /// False when the batch was rolled back: why does not matter yet.
    private func handledTogether(_ events: [PreparedEvent]) async -> Bool {
        do {
            try await shielded { try await consumer.together.call(events) }
            return true
        } catch {
            consumer.logger.notice(
                "batch rolled back, its events are handled one by one",
                facts([.count: LogValue(events.count), .error: LogValue(error)]))
            return false
        }
    }

    /// Each event in a transaction of its own: keys at the same time, a few at once, the events of a key in order.
    private func handleAlone(_ events: [PreparedEvent]) async throws {
        var waiting = Array(Dictionary(grouping: events) { $0.record.key }.values)
        waiting.sort { ($0.first?.record.position.offset ?? 0) > ($1.first?.record.position.offset ?? 0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            while let events = waiting.popLast() {
                if running >= consumer.limits.aloneCountMax {
                    try await group.next()
                    running -= 1
                }
                running += 1
                group.addTask {
                    for event in events { try await self.handleAlone(event) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func handleAlone(_ event: PreparedEvent) async throws {
        let single = SingleEvent(consumer: consumer, lease: lease, loop: loop, record: event.record)
        let processor = consumer.processor
        let count = try await single.untilDone {
            let start = ContinuousClock.now
            let count = try await shielded { try await processor.handle([event]) }
            consumer.metrics.batch.observe(ContinuousClock.now - start)
            return count
        }
        guard let count else { return }
        consumer.metrics.handled.increment(by: UInt64(count))
        consumer.metrics.duplicates.increment(by: UInt64(1 - count))
    }

    /// The effects are there already: as long as the offset is not, no more comes of it than that they come again and are recognised.
    private func commit(_ offset: Int64) async throws {
        let lease = lease
        try await untilDone("offset not committed", [.offset: LogValue(offset)]) {
            try await shielded { try await lease.commit(offset) }
        }
    }

    /// Asks the log until it answers: giving the partition up would only have the next holder ask the same.
    /// - Throws: ``EventLogError/leaseLost(_:)``: another member has the partition or wants it; `CancellationError`.
    private func untilDone<Value: Sendable>(
        _ failed: StaticString, _ more: [LogKey: LogValue] = [:], _ body: () async throws -> Value
    ) async throws -> Value {
        var random = SystemRandomNumberGenerator()
        var failures = 0
        while true {
            do {
                return try await body()
            } catch EventLogError.leaseLost(let partition) {
                throw EventLogError.leaseLost(partition)
            } catch {
                try Task.checkCancellation()
                if lease.isRevoked { throw EventLogError.leaseLost(lease.partition) }
                failures += 1
                consumer.logger.warning(failed, facts(more).merging([.error: LogValue(error)]) { $1 })
                let policy = consumer.policy
                try await loop.sleep(
                    for: FailureClass(of: error) == .dependencyDown
                        ? policy.dependencyDelay(after: failures, using: &random)
                        : policy.delay(after: failures, using: &random))
            }
        }
    }

    /// What is under way is brought to its end, for as long as a drain may take.
    private func shielded<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await loop.shielded("events of \(consumer.group)", within: consumer.limits.drainTimeout, body)
    }

    private func facts(_ more: [LogKey: LogValue]) -> [LogKey: LogValue] {
        more.merging([
            .group: .text(consumer.group.rawValue), .topic: .text(lease.partition.topic),
            .partition: LogValue(lease.partition.partition),
        ]) { first, _ in first }
    }
}
