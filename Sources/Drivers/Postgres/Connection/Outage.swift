internal import Synchronization

/// When a database's server became unreachable, shared by all its pools, so that a pool used for the first time does not start a new
/// grace period.
final class OutageStart: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    /// The start of the outage: now, or the earlier time recorded by another pool.
    func begin() -> ContinuousClock.Instant {
        since.withLock { since in
            let start = since ?? .now
            since = start
            return start
        }
    }

    func end() { since.withLock { $0 = nil } }
}

/// What a pool knows about a server that refuses connections.
///
/// During the grace period, for example a restart, callers wait. After it, callers fail at once. The server counts as down when the pool
/// has no connection, the last connection attempt failed, and this has lasted longer than the grace period.
struct Outage {
    /// The maximum delay between two attempts. Callers in between fail at once, even if the server has just come back.
    private static let pauseMax = Duration.milliseconds(250)
    private static let pauseMin = Duration.milliseconds(20)

    /// nil while there is a connection, or before the first attempt.
    private(set) var since: ContinuousClock.Instant?
    private let start: OutageStart
    var isOn: Bool { since != nil }
    private var failuresInARow = 0
    private(set) var lastFailure: PostgresError?

    init(_ start: OutageStart) { self.start = start }

    /// The last connection was lost.
    mutating func lostLast() { since = since ?? start.begin() }

    /// A connection attempt failed.
    /// - Parameter hasNone: the pool has no other connection.
    mutating func failed(_ failure: PostgresError, hasNone: Bool) {
        failuresInARow += 1
        lastFailure = failure
        if hasNone { since = since ?? start.begin() }
    }

    /// A connection was established.
    mutating func ended() {
        start.end()
        self = Outage(start)
    }

    /// The error to fail with at once; nil when the server may be reachable.
    func known(after grace: Duration) -> PostgresError? {
        guard let since, let lastFailure, since.duration(to: .now) >= grace else { return nil }
        return lastFailure
    }

    /// How long to wait for a connection; at most `usual`.
    func patience(usual: Duration, grace: Duration) -> Duration {
        !isOn || lastFailure == nil ? usual : min(usual, grace)
    }

    /// The delay until the next attempt: exponential backoff with jitter, so that processes do not retry at the same time.
    func pause() -> Duration {
        let longest = min(Self.pauseMax, Self.pauseMin * (1 << min(max(failuresInARow - 1, 0), 6)))
        return longest * Double.random(in: 0.5...1)
    }
}
