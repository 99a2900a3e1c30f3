import Synchronization

/// A number that tests and handlers share.
public final class Tally: Sendable {
    private let state = Mutex(0)

    public init() {}

    public var value: Int { state.withLock { $0 } }

    /// - Returns: how many there are now.
    @discardableResult
    public func add(_ more: Int = 1) -> Int {
        state.withLock {
            $0 += more
            return $0
        }
    }
}
