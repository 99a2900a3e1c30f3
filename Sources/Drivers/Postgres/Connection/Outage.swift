internal import Synchronization

/// Since when a database's server has been away, as far as any of its pools knows: one that is asked for the first time does not begin
/// to be patient anew.
final class OutageStart: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    /// The time now, or when it began for another pool.
    func begin() -> ContinuousClock.Instant {
        since.withLock { since in
            let start = since ?? .now
            since = start
            return start
        }
    }

    func end() { since.withLock { $0 = nil } }
}

/// What a pool knows of a server that takes none of its connections.
///
/// One that was there a moment ago may be back in another, as after a restart: who asks meanwhile waits. One that has been away for
/// longer costs nobody time. It is known to be away when the pool has no connection, the last attempt to make one has failed, and
/// all that has lasted for longer than the grace.
struct Outage {
    /// Between two attempts at most. Who asks meanwhile fails at once, also when the server has just come back.
    private static let pauseMax = Duration.milliseconds(250)
    private static let pauseMin = Duration.milliseconds(20)

    /// nil while there is a connection, or nothing is known.
    private(set) var since: ContinuousClock.Instant?
    private let start: OutageStart
    var isOn: Bool { since != nil }
    private var failuresInARow = 0
    private(set) var lastFailure: PostgresError?

    init(_ start: OutageStart) { self.start = start }

    /// The last connection was lost.
    mutating func lostLast() { since = since ?? start.begin() }

    /// An attempt to connect has failed.
    /// - Parameter hasNone: there is no connection beside it.
    mutating func failed(_ failure: PostgresError, hasNone: Bool) {
        failuresInARow += 1
        lastFailure = failure
        if hasNone { since = since ?? start.begin() }
    }

    /// There is a connection.
    mutating func ended() {
        start.end()
        self = Outage(start)
    }

    /// Why nobody needs to wait for a connection; nil when the server may be there.
    func known(after grace: Duration) -> PostgresError? {
        guard let since, let lastFailure, since.duration(to: .now) >= grace else { return nil }
        return lastFailure
    }

    /// How long to wait for a connection when there is one to be had within `usual`.
    func patience(usual: Duration, grace: Duration) -> Duration {
        !isOn || lastFailure == nil ? usual : min(usual, grace)
    }

    /// Until the next attempt: longer each time, and not the same as that of every other process.
    func pause() -> Duration {
        let longest = min(Self.pauseMax, Self.pauseMin * (1 << min(max(failuresInARow - 1, 0), 6)))
        return longest * Double.random(in: 0.5...1)
    }
}
