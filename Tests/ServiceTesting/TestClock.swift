public import Foundation
internal import Synchronization

/// Time that passes when the test says so.
public final class TestClock: Sendable {
    private let time: Mutex<(ofDay: Date, up: ContinuousClock.Instant)>

    public init(_ start: Date = Date(timeIntervalSince1970: 1_800_000_000)) { time = Mutex((start, .now)) }

    /// The time of day.
    public var now: Date { time.withLock { $0.ofDay } }

    /// What only goes forward.
    public var uptime: ContinuousClock.Instant { time.withLock { $0.up } }

    public func advance(by seconds: TimeInterval) {
        time.withLock { time in
            time.ofDay += seconds
            time.up += .seconds(seconds)
        }
    }

    /// Sets the time of day forward, or back by a negative number, as an operator or NTP does: no time has passed.
    public func set(by seconds: TimeInterval) { time.withLock { $0.ofDay += seconds } }
}
