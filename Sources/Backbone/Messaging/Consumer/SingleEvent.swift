internal import Contracts
internal import EventLoop
internal import Observability

/// One event that is tried until it is handled or in the dead letters.
struct SingleEvent: Sendable {
    let consumer: Consumer
    let lease: any Lease
    let loop: EventLoop
    let record: LogRecord

    /// - Parameter body: one attempt.
    /// - Returns: what `body` returned, or nil when the event went to the dead letters.
    /// - Throws: `CancellationError`; ``EventLogError/leaseLost(_:)`` when the partition is wanted back meanwhile.
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
                    try await wait(consumer.policy.dependencyDelay(after: waits, using: &random))
                case .transient where attempts < consumer.policy.attemptsMax:
                    note("event failed, tried again", failure)
                    consumer.metrics.retries.increment()
                    try await wait(consumer.policy.delay(after: attempts, using: &random))
                case .transient, .permanent:
                    try await bury(failure)
                    return nil
                }
            }
        }
    }

    private func wait(_ delay: Duration) async throws {
        try await loop.sleep(for: delay)
        if lease.isRevoked { throw EventLogError.leaseLost(lease.partition) }
    }

    private func pause(_ failure: EventFailure) {
        lease.pause()
        consumer.metrics.paused.increment()
        consumer.logger.error("a dependency is down, the partition waits", facts(failure))
    }

    private func resume() {
        lease.resume()
        consumer.metrics.paused.decrement()
        consumer.logger.notice("the partition goes on", [.partition: .text(lease.partition.description)])
    }

    /// Returns once the dead letter is acknowledged: only then may the offset move.
    private func bury(_ failure: EventFailure) async throws {
        let origin = RecordOrigin(of: record, redriveTopic: consumer.group.redriveTopic)
        let letter = failure.deadLetter(
            of: record, origin: origin, group: consumer.group.rawValue, topic: consumer.group.deadLetterTopic)
        var random = SystemRandomNumberGenerator()
        var waits = 0
        while true {
            switch await consumer.log.append([letter]).first {
            case .accepted:
                consumer.metrics.deadLetters.increment()
                consumer.logger.error("event put into the dead letters", facts(failure))
                return
            case .refused(let reason), .retry(let reason):
                try Task.checkCancellation()
                consumer.logger.error("dead letter not taken", facts(failure).merging([.reason: .text(reason)]) { $1 })
            case nil:
                try Task.checkCancellation()
            }
            waits += 1
            try await wait(consumer.policy.dependencyDelay(after: waits, using: &random))
        }
    }

    private func note(_ message: StaticString, _ failure: EventFailure) {
        consumer.logger.warning(message, facts(failure))
    }

    private func facts(_ failure: EventFailure) -> [LogKey: LogValue] {
        [
            .group: .text(consumer.group.rawValue), .topic: .text(record.position.partition.topic),
            .partition: LogValue(record.position.partition.partition), .offset: LogValue(record.position.offset),
            .eventID: .text(record.headers[HeaderName.eventID] ?? ""), .attempt: LogValue(failure.attempts),
            .code: .text(failure.failureClass.rawValue), .error: .text("\(failure.name): \(failure.text)"),
        ]
    }
}
