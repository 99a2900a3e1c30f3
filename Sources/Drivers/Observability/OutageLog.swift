internal import Synchronization

/// Tells of something that fails again and again: a line when it begins, one now and then with the count, one when it is over. However
/// many fail, and however often it comes and goes, no more than that is written in an interval.
public final class OutageLog: Sendable {
    public static let interval = Duration.seconds(30)

    private let logger: Logger
    private let level: LogLevel
    private let failing: StaticString
    private let over: StaticString
    private let uptime: @Sendable () -> ContinuousClock.Instant
    /// So that what works, as nearly always, costs no lock.
    private let isFailing = Atomic(false)
    private let state = Mutex(State())

    private struct State {
        /// Those that fail, and when they did last.
        var keys: [String: ContinuousClock.Instant] = [:]
        var begin = ContinuousClock.now
        var count = 0
        /// Since the last line.
        var untold = 0
        var toldAt: ContinuousClock.Instant?
        /// Whether a line told of the outage that goes on.
        var isTold = false
    }

    /// - Parameters:
    ///   - level: of the lines about what fails; that it is over is a notice.
    ///   - failing: what is the matter.
    ///   - over: what is well again.
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
    ///   - facts: made only for a line that is written.
    ///   - key: which of several fails; it is over when each of them works.
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

    /// One that has been silent for as long as an interval by now, as a partition is in which nothing happens, holds up nobody.
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

    /// What failed is gone, and nobody knows whether it would work.
    public func forget(_ key: String) {
        guard isFailing.load(ordering: .relaxed) else { return }
        state.withLock { state in
            if state.keys.removeValue(forKey: key) != nil, state.keys.isEmpty {
                isFailing.store(false, ordering: .relaxed)
            }
        }
    }
}
