internal import Postgres

/// The state of the active relay: the rows it has read and sent, and its next step. A value without I/O.
struct RelayRun {
    /// The next step.
    enum Phase {
        /// The outbox has been read to its end: wait for a signal.
        case waiting
        case reading
        /// Rows exist behind an id that is not visible yet: wait for its commit, then read.
        case waitingForCommit
        case sending([OutgoingEvent])
        /// The log did not acknowledge a batch: pause, then read it again.
        case pausing
    }

    private(set) var phase = Phase.reading
    private(set) var reader: OutboxReader
    /// Acknowledged by the log, but not deleted yet.
    private(set) var sent: [Int64] = []
    /// How many of ``sent`` the read ahead deletes.
    private var removingCount = 0
    /// Batches in a row that the log did not acknowledge.
    private(set) var failures = 0

    init(_ limits: RelayLimits) {
        reader = OutboxReader(countMax: limits.batchCountMax, bytesMax: limits.batchBytesMax)
    }

    /// The statement that reads on, and deletes what was sent.
    var statement: SQL { reader.statement(removing: sent) }

    /// The signal, or the commit that was waited for, may have come; or the pause is over.
    mutating func readOn() { phase = .reading }

    mutating func settle(through id: Int64) { reader.settle(through: id) }

    /// - Parameter rows: the result of ``statement``.
    mutating func took(_ rows: Rows) throws {
        sent = []
        switch try reader.take(rows) {
        case .events(let events): phase = .sending(events)
        case .hole: phase = .waitingForCommit
        case .nothing: phase = afterReading
        }
    }

    /// The statement that reads on while a batch is being appended; nil when there is nothing to read.
    mutating func readAhead() -> SQL? {
        removingCount = reader.isAtEnd ? 0 : sent.count
        return reader.isAtEnd ? nil : statement
    }

    mutating func acknowledged(_ ids: [Int64]) { sent += ids }

    /// - Parameters:
    ///   - firstToRetry: the first row that the log did not acknowledge; nil when it acknowledged or refused each.
    ///   - ahead: the result of ``readAhead()``.
    mutating func appended(firstToRetry: Int64?, ahead: Rows?) throws {
        sent.removeFirst(removingCount)
        removingCount = 0
        let next = try ahead.map { try reader.take($0) }
        if let firstToRetry {
            failures += 1
            reader.rewind(to: firstToRetry)
            phase = .pausing
            return
        }
        failures = 0
        if case .events(let events) = next { phase = .sending(events) } else { phase = afterReading }
    }

    /// The rows in ``sent`` have been deleted.
    mutating func removed() { sent = [] }

    private var afterReading: Phase { reader.isAtEnd ? .waiting : .reading }
}
