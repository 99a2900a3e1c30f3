internal import Contracts
internal import EventLoop
internal import Observability
internal import Postgres

/// Retries one event until it is handled or becomes a dead letter.
struct SingleEvent: Sendable {
    let consumer: Consumer
    let lease: any Lease
    let tenure: Tenure
    let loop: EventLoop
    let record: LogRecord

    /// - Parameter body: one attempt.
    /// - Returns: what `body` returned, or nil when the event became a dead letter.
    /// - Throws: `CancellationError`; ``EventLogError/leaseLost(_:)`` when the partition was revoked or lost.
    func untilDone<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value? {
        var random = SystemRandomNumberGenerator()
        var attempts = 0, waits = 0
        var firstFailedAt = consumer.now()
        var isPaused = false
        defer { if isPaused { endPause() } }
        while true {
            try Task.checkCancellation()
            do {
                let value = try await body()
                if isPaused {
                    consumer.outages.dependencies.succeeded([.group: .text(consumer.group.rawValue)], of: place)
                }
                return value
            } catch EventLogError.leaseLost(let partition) {
                throw EventLogError.leaseLost(partition)
            } catch {
                try Task.checkCancellation()
                let time = consumer.now()
                if attempts == 0, waits == 0 { firstFailedAt = time }
                let failureClass = FailureClass(of: error)
                if failureClass != .dependencyDown { attempts += 1 }
                let failure = EventFailure(error, attempts: attempts, firstFailedAt: firstFailedAt, at: time)
                switch failureClass {
                case .dependencyDown:
                    if !isPaused { consumer.metrics.paused.increment() }
                    isPaused = true
                    consumer.outages.dependencies.failed(facts(failure), of: place)
                    waits += 1
                    try await lease.wait(consumer.policy.dependencyDelay(after: waits, using: &random), on: loop)
                case .transient where attempts < consumer.policy.attemptsMax:
                    note("event failed, retrying", failure)
                    consumer.metrics.retries.increment()
                    try await lease.wait(consumer.policy.delay(after: attempts, using: &random), on: loop)
                case .transient, .permanent:
                    try await bury(failure)
                    return nil
                }
            }
        }
    }

    /// The next holder of the partition reports the failure again.
    private func endPause() {
        consumer.metrics.paused.decrement()
        consumer.outages.dependencies.forget(place)
    }

    private var place: String { "\(consumer.group) \(record.position)" }

    /// Returns once the dead letter is in the outbox, from where the relay sends it: only then may the offset move.
    private func bury(_ failure: EventFailure) async throws {
        let origin = RecordOrigin(of: record, redriveTopic: consumer.group.redriveTopic)
        let letter = failure.deadLetter(
            of: record, origin: origin, group: consumer.group.rawValue, topic: consumer.group.deadLetterTopic)
        var random = SystemRandomNumberGenerator()
        var waits = 0
        while true {
            do {
                try await consumer.database.transaction { tx in
                    try await tenure.hold(on: tx)
                    consumer.outbox.add(letter, id: record.id, on: tx)
                }
                consumer.outages.dependencies.succeeded(of: place)
                consumer.metrics.deadLetters.increment()
                consumer.logger.error("event moved to the dead letters", facts(failure))
                return
            } catch EventLogError.leaseLost(let partition) {
                throw EventLogError.leaseLost(partition)
            } catch {
                try Task.checkCancellation()
                consumer.outages.dependencies.failed(
                    facts(failure).merging([.reason: .text("storing the dead letter failed: \(error)")]) { $1 },
                    of: place)
            }
            waits += 1
            try await lease.wait(consumer.policy.dependencyDelay(after: waits, using: &random), on: loop)
        }
    }

    private func note(_ message: StaticString, _ failure: EventFailure) {
        consumer.logger.warning(message, facts(failure))
    }

    private func facts(_ failure: EventFailure) -> [LogKey: LogValue] {
        [
            .group: .text(consumer.group.rawValue), .topic: .text(record.position.partition.topic),
            .partition: LogValue(record.position.partition.partition), .offset: LogValue(record.position.offset),
            .eventID: .text(record.id), .attempt: LogValue(failure.attempts),
            .code: .text(failure.failureClass.rawValue), .error: .text("\(failure.name): \(failure.text)"),
        ]
    }
}
