import Synchronization

/// A counter shared by tests and handlers.
public final class Tally: Sendable {
    private let state = Mutex(0)

    public init() {}

    public var value: Int { state.withLock { $0 } }

    /// - Returns: the new count.
    @discardableResult
    public func add(_ more: Int = 1) -> Int {
        state.withLock {
            $0 += more
            return $0
        }
    }
}
