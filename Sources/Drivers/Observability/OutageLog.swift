internal import Synchronization

/// Logs repeated failures with a rate limit: one line at the start, periodic lines with the count, and one line at the end. No more lines
/// are written per interval, however many operations fail and however often the failure starts and ends.
public final class OutageLog: Sendable {
    public static let interval = Duration.seconds(30)

    private let logger: Logger
    private let level: LogLevel
    private let failing: StaticString
    private let over: StaticString
    private let uptime: @Sendable () -> ContinuousClock.Instant
    /// Avoids taking the lock in the normal case without failures.
    private let isFailing = Atomic(false)
    private let state = Mutex(State())

    private struct State {
        /// The failing keys with the time of their last failure.
        var keys: [String: ContinuousClock.Instant] = [:]
        var begin = ContinuousClock.now
        var count = 0
        /// Failures since the last line.
        var untold = 0
        var toldAt: ContinuousClock.Instant?
        /// Whether the current outage was logged.
        var isTold = false
    }

    /// - Parameters:
    ///   - level: of the lines about failures; the line about the end is a notice.
    ///   - failing: the message for failures.
    ///   - over: the message for the end.
    public init(
        _ logger: Logger, level: LogLevel = .warning, failing: StaticString, over: StaticString,
        uptime: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.logger = logger
        self.level = level
        self.failing = failing
        self.over = over
        self.uptime = uptime
    }

    /// - Parameters:
    ///   - facts: evaluated only for a written line.
    ///   - key: identifies what failed; the outage ends when every key works again.
    public func failed(_ facts: @autoclosure () -> [LogKey: LogValue], of key: String = "") {
        let now = uptime()
        let told = state.withLock { state -> Int? in
            if state.keys.isEmpty {
                (state.begin, state.count, state.isTold) = (now, 0, false)
                isFailing.store(true, ordering: .relaxed)
            }
            state.keys[key] = now
            state.count += 1
            state.untold += 1
            if let toldAt = state.toldAt, now - toldAt < Self.interval { return nil }
            defer { state.untold = 0 }
            (state.toldAt, state.isTold) = (now, true)
            return state.untold
        }
        guard let told else { return }
        var metadata = facts()
        if told > 1 { metadata[.count] = LogValue(told) }
        logger.log(level, failing, metadata)
    }

    /// A key without failures during the interval, such as an idle partition, does not prolong the outage.
    public func succeeded(_ facts: @autoclosure () -> [LogKey: LogValue] = [:], of key: String = "") {
        guard isFailing.load(ordering: .relaxed) else { return }
        let now = uptime()
        let end = state.withLock { state -> (count: Int, time: Duration)? in
            state.keys[key] = nil
            state.keys = state.keys.filter { now - $0.value < Self.interval }
            guard state.keys.isEmpty else { return nil }
            isFailing.store(false, ordering: .relaxed)
            if !state.isTold { return nil }
            state.untold = 0
            return (state.count, now - state.begin)
        }
        guard let end else { return }
        logger.notice(
            over, facts().merging([.count: LogValue(end.count), .durationMs: LogValue(end.time)]) { first, _ in first })
    }

    /// The failing object is gone, so it counts neither as failing nor as working.
    public func forget(_ key: String) {
        guard isFailing.load(ordering: .relaxed) else { return }
        state.withLock { state in
            if state.keys.removeValue(forKey: key) != nil, state.keys.isEmpty {
                isFailing.store(false, ordering: .relaxed)
            }
        }
    }
}
