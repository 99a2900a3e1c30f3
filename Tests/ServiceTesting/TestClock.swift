public import Foundation
internal import Synchronization

/// A time of day that moves when the test says so.
public final class TestClock: Sendable {
    private let time: Mutex<Date>

    public init(_ start: Date = Date(timeIntervalSince1970: 1_800_000_000)) { time = Mutex(start) }

    public var now: Date { time.withLock { $0 } }

    public func advance(by seconds: TimeInterval) { time.withLock { $0 += seconds } }
}
