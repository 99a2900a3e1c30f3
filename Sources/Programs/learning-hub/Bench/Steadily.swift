internal import EventLoop
internal import Synchronization

/// Calls `body` `count` times at a steady rate, without waiting for earlier calls, then waits for all.
func steadily(
    _ count: Int, perSecond: Int, on loop: EventLoop, _ body: @escaping @Sendable (_ index: Int) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        let clock = ContinuousClock()
        let start = clock.now
        for index in 0..<count {
            let due = start + .nanoseconds(1_000_000_000 / perSecond) * index
            let wait = clock.now.duration(to: due)
            if wait > .zero { try await loop.sleep(for: wait) }
            group.addTask(executorPreference: loop) { try await body(index) }
        }
        try await group.waitForAll()
    }
}

/// Durations by id. Different tasks record the beginning and the end, in any order.
final class Intervals: Sendable {
    private struct State {
        var begun: [String: ContinuousClock.Instant] = [:]
        var ended: Set<String> = []
        var milliseconds: [Double] = []
        var isHeard = false
    }
    private let state = Mutex(State())

    var count: Int { state.withLock { $0.milliseconds.count } }

    /// Whether a listener is active.
    var isHeard: Bool {
        get { state.withLock { $0.isHeard } }
        set { state.withLock { $0.isHeard = newValue } }
    }

    func begin(_ id: String) {
        let now = ContinuousClock.now
        state.withLock { state in
            // It ended before its beginning was recorded: count 0 ms.
            if state.ended.remove(id) != nil {
                state.milliseconds.append(0)
            } else {
                state.begun[id] = now
            }
        }
    }

    func end(_ id: String) {
        let now = ContinuousClock.now
        state.withLock { state in
            if let begun = state.begun.removeValue(forKey: id) {
                state.milliseconds.append(begun.duration(to: now).milliseconds)
            } else {
                state.ended.insert(id)
            }
        }
    }

    /// Returns and removes the recorded durations.
    func take() -> [Double] {
        state.withLock { state in
            defer { state.milliseconds = [] }
            return state.milliseconds
        }
    }
}
