internal import Contracts
internal import EventLoop
internal import Observability
internal import Postgres

/// One event that is tried until it is handled or in the dead letters.
struct SingleEvent: Sendable {
    let consumer: Consumer
    let lease: any Lease
    let tenure: Tenure
    let loop: EventLoop
    let record: LogRecord

    /// - Parameter body: one attempt.
    /// - Returns: what `body` returned, or nil when the event went to the dead letters.
    /// - Throws: `CancellationError`; ``EventLogError/leaseLost(_:)`` when the partition is wanted back or gone.
    func untilDone<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value? {
        var random = SystemRandomNumberGenerator()
        var attempts = 0, waits = 0
        var firstFailedAt = consumer.now()
        var isPaused = false
        defer { if isPaused { resume() } }
        while true {
            try Task.checkCancellation()
            do {
                return try await body()
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
                    if !isPaused { pause(failure) }
                    isPaused = true
                    waits += 1
                    try await lease.wait(consumer.policy.dependencyDelay(after: waits, using: &random), on: loop)
                case .transient where attempts < consumer.policy.attemptsMax:
                    note("event failed, tried again", failure)
                    consumer.metrics.retries.increment()
                    try await lease.wait(consumer.policy.delay(after: attempts, using: &random), on: loop)
                case .transient, .permanent:
                    try await bury(failure)
                    return nil
                }
            }
        }
    }

    private func pause(_ failure: EventFailure) {
        consumer.metrics.paused.increment()
        consumer.logger.error("a dependency is down, the partition waits", facts(failure))
    }

    private func resume() {
        consumer.metrics.paused.decrement()
        consumer.logger.notice("the partition goes on", [.partition: .text(lease.partition.description)])
    }

    /// Returns once the dead letter is in the outbox, from where the relay sends it: only then may the position move.
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
                consumer.metrics.deadLetters.increment()
                consumer.logger.error("event put into the dead letters", facts(failure))
                return
            } catch EventLogError.leaseLost(let partition) {
                throw EventLogError.leaseLost(partition)
            } catch {
                try Task.checkCancellation()
                consumer.logger.error("dead letter not kept", facts(failure).merging([.reason: LogValue(error)]) { $1 })
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
