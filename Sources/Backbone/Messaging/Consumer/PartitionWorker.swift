internal import Contracts
internal import EventLoop
internal import Observability

/// Handles one partition while its lease is valid.
struct PartitionWorker: Sendable {
    let consumer: Consumer
    let lease: any Lease
    let loop: EventLoop

    /// Ends only when the lease ends or the task is cancelled, and then releases the partition.
    func run() async {
        do {
            let tenure = try await begin()
            try await work(tenure)
        } catch EventLogError.leaseLost {
            consumer.logger.debug("partition lost to another member", facts([:]))
        } catch EventLogError.truncated(_, let end) {
            await stop(end)
        } catch {
            // The task is cancelled: all other errors are handled where they occur.
        }
        await lease.release()
    }

    /// Takes over the partition's offset, and starts reading there.
    private func begin() async throws -> Tenure {
        try await untilDone("starting the partition failed") {
            let (tenure, next) = try await consumer.positions.take(lease.partition)
            let start = try await lease.start(at: next)
            // A group that starts at the end keeps that offset, even if it stops before the first record.
            if next == nil { try await consumer.positions.move(tenure, to: start) }
            // The last acknowledgement of a holder that was killed may not have reached the log, which would show a lag.
            lease.acknowledge(start)
            return tenure
        }
    }

    /// Reads the next batch while the current one is handled.
    private func work(_ tenure: Tenure) async throws {
        var batch = try await next(tenure)
        while let current = batch {
            async let following = next(tenure)
            try await handle(current, tenure)
            batch = try await following
            if lease.isRevoked { return }
        }
    }

    private func next(_ tenure: Tenure) async throws -> LogBatch? {
        try await untilDone("reading the partition failed") {
            do {
                return try await lease.next(countMax: consumer.limits.batchCountMax) {
                    // The partition is worked on again when it can be read, not when the next record comes.
                    consumer.outages.partitions.succeeded([.group: .text(consumer.group.rawValue)], of: place)
                }
            } catch EventLogError.gap(let partition, let firstKept) {
                consumer.metrics.gaps.increment()
                consumer.logger.error(
                    "retention removed unread records, continuing with the first one kept",
                    facts([.offset: LogValue(firstKept)]))
                _ = try await lease.start(at: firstKept)
                return LogBatch(partition: partition, records: [], nextOffset: firstKept)
            }
        }
    }

    /// The group's offset refers to records of a deleted topic, so an operator must choose a new one. The partition is kept, because
    /// another member could not continue either.
    private func stop(_ end: Int64) async {
        consumer.metrics.stopped.increment()
        consumer.outages.stopped.insert(lease.partition, of: consumer.group)
        consumer.logger.error(
            "the topic was created again, the partition is stopped: stop the service and run `learning-hub groups reset`",
            facts([.offset: LogValue(end)]))
        await lease.whenRevoked()
        consumer.outages.stopped.remove(lease.partition, of: consumer.group)
        consumer.metrics.stopped.decrement()
    }

    /// Decoding comes first, outside any transaction: an event that cannot be decoded becomes a dead letter in any case.
    private func handle(_ batch: LogBatch, _ tenure: Tenure) async throws {
        var together: [PreparedEvent] = [], alone: [PreparedEvent] = []
        for (index, record) in batch.records.enumerated() {
            await Fairness.pause(after: index)
            guard let event = try await prepare(record, tenure) else { continue }
            if consumer.processor.handlesTogether(event.origin.position.partition.topic) {
                together.append(event)
            } else {
                alone.append(event)
            }
        }
        // The offset moves with the effects where a single transaction handles the batch.
        let move = PositionMove(tenure: tenure, next: alone.isEmpty ? batch.nextOffset : nil)
        var isMoved = false
        if !together.isEmpty {
            if try await handledTogether(PreparedBatch(events: together, move: move)) {
                isMoved = move.next != nil
            } else {
                alone = together + alone
            }
        }
        if !isMoved {
            try await handleAlone(alone, tenure)
            try await untilDone("storing the offset failed", [.offset: LogValue(batch.nextOffset)]) {
                let positions = consumer.positions
                try await shielded { try await positions.move(tenure, to: batch.nextOffset) }
            }
        }
        lease.acknowledge(batch.nextOffset)
    }

    /// nil when there is nothing to do, or the record became a dead letter.
    private func prepare(_ record: LogRecord, _ tenure: Tenure) async throws -> PreparedEvent? {
        try await single(record, tenure).untilDone { try await consumer.processor.prepare(record) } ?? nil
    }

    /// False when the batch was rolled back, for any reason.
    private func handledTogether(_ batch: PreparedBatch) async throws -> Bool {
        do {
            try await shielded { try await consumer.together.call(batch) }
            consumer.outages.batches.succeeded(of: place)
            return true
        } catch EventLogError.leaseLost(let partition) {
            throw EventLogError.leaseLost(partition)
        } catch {
            consumer.outages.batches.failed(facts([.error: LogValue(error)]), of: place)
            return false
        }
    }

    /// Handles each event in its own transaction: a few keys concurrently, the events of one key in order.
    private func handleAlone(_ events: [PreparedEvent], _ tenure: Tenure) async throws {
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
                    for event in events { try await self.handleAlone(event, tenure) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func handleAlone(_ event: PreparedEvent, _ tenure: Tenure) async throws {
        let processor = consumer.processor
        let count = try await single(event.record, tenure).untilDone {
            let start = ContinuousClock.now
            let count = try await shielded {
                try await processor.handle([event], moving: [PositionMove(tenure: tenure, next: nil)])
            }
            consumer.metrics.batch.observe(ContinuousClock.now - start)
            return count
        }
        guard let count else { return }
        consumer.metrics.handled.increment(by: UInt64(count))
        consumer.metrics.duplicates.increment(by: UInt64(1 - count))
    }

    private func single(_ record: LogRecord, _ tenure: Tenure) -> SingleEvent {
        SingleEvent(consumer: consumer, lease: lease, tenure: tenure, loop: loop, record: record)
    }

    /// Retries until it succeeds: if the partition were released, the next holder would face the same failure.
    /// - Throws: ``EventLogError/leaseLost(_:)`` when the partition was lost or revoked; ``EventLogError/truncated(_:end:)``;
    ///   `CancellationError`.
    private func untilDone<Value: Sendable>(
        _ failed: StaticString, _ more: [LogKey: LogValue] = [:], _ body: () async throws -> Value
    ) async throws -> Value {
        var random = SystemRandomNumberGenerator()
        var failures = 0
        let outage = consumer.outages.partitions
        // The next holder of the partition reports the failure again.
        defer { if failures > 0 { outage.forget(place) } }
        while true {
            do {
                let value = try await body()
                outage.succeeded([.group: .text(consumer.group.rawValue)], of: place)
                return value
            } catch let error as EventLogError where error.isFinal {
                throw error
            } catch {
                try Task.checkCancellation()
                failures += 1
                outage.failed(
                    facts(more).merging([.reason: .text("\(failed)"), .error: LogValue(error)]) { $1 }, of: place)
                try await lease.wait(consumer.policy.storeDelay(after: failures, using: &random), on: loop)
            }
        }
    }

    /// Completes running work, within the drain timeout.
    private func shielded<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await loop.shielded("events of \(consumer.group)", within: consumer.limits.drainTimeout, body)
    }

    private var place: String { "\(consumer.group) \(lease.partition)" }

    private func facts(_ more: [LogKey: LogValue]) -> [LogKey: LogValue] {
        more.merging([
            .group: .text(consumer.group.rawValue), .topic: .text(lease.partition.topic),
            .partition: LogValue(lease.partition.partition),
        ]) { first, _ in first }
    }
}

extension EventLogError {
    /// A retry cannot succeed.
    fileprivate var isFinal: Bool {
        switch self {
        case .leaseLost, .truncated: true
        default: false
        }
    }
}
