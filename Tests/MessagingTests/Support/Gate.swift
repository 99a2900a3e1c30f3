import HubTesting
import Synchronization
import Testing

/// Something a test waits for, or lets go on.
final class Gate: Sendable {
    private let count = Mutex(0)

    var passed: Int { count.withLock { $0 } }
    func open() { count.withLock { $0 += 1 } }

    /// Waits until the gate was opened so often.
    func wait(_ times: Int = 1) async throws { try await eventually(within: .seconds(20)) { passed >= times } }
}

/// Values that tests collect from handlers.
final class Collected<Value: Sendable>: Sendable {
    private let stored = Mutex<[Value]>([])

    var values: [Value] { stored.withLock { $0 } }

    /// - Returns: the new count.
    @discardableResult
    func add(_ value: Value) -> Int {
        stored.withLock { stored in
            stored.append(value)
            return stored.count
        }
    }
}
