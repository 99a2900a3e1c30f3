public import Foundation
internal import Synchronization

/// Time that passes when the test says so.
public final class TestClock: Sendable {
    private let time: Mutex<(ofDay: Date, up: ContinuousClock.Instant)>
    private let start = ContinuousClock.now
    private let goesOn: Bool

    /// - Parameter goesOn: whether time passes by itself too.
    public init(_ start: Date = Date(timeIntervalSince1970: 1_800_000_000), goesOn: Bool = false) {
        time = Mutex((start, self.start))
        self.goesOn = goesOn
    }

    /// The time of day.
    public var now: Date { time.withLock { $0.ofDay } + passed / .seconds(1) }

    /// What only goes forward.
    public var uptime: ContinuousClock.Instant { time.withLock { $0.up } + passed }

    private var passed: Duration { goesOn ? .now - start : .zero }

    public func advance(by seconds: TimeInterval) {
        time.withLock { time in
            time.ofDay += seconds
            time.up += .seconds(seconds)
        }
    }

    /// Sets the time of day forward, or back by a negative number, as an operator or NTP does: no time has passed.
    public func set(by seconds: TimeInterval) { time.withLock { $0.ofDay += seconds } }
}
