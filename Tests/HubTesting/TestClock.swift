public import Foundation
internal import Synchronization

/// A clock that the test advances.
public final class TestClock: Sendable {
    private let time: Mutex<(ofDay: Date, up: ContinuousClock.Instant)>
    private let start = ContinuousClock.now
    private let goesOn: Bool

    /// - Parameter goesOn: whether real time passes too.
    public init(_ start: Date = Date(timeIntervalSince1970: 1_800_000_000), goesOn: Bool = false) {
        time = Mutex((start, self.start))
        self.goesOn = goesOn
    }

    /// The time of day.
    public var now: Date { time.withLock { $0.ofDay } + passed / .seconds(1) }

    /// Monotonic time.
    public var uptime: ContinuousClock.Instant { time.withLock { $0.up } + passed }

    private var passed: Duration { goesOn ? .now - start : .zero }

    public func advance(by seconds: TimeInterval) {
        time.withLock { time in
            time.ofDay += seconds
            time.up += .seconds(seconds)
        }
    }

    /// Changes the wall clock, as an operator or NTP does, also by a negative number. The monotonic time does not change.
    public func set(by seconds: TimeInterval) { time.withLock { $0.ofDay += seconds } }
}
