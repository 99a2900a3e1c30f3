internal import Synchronization

/// Wakes one waiting task. A signal given while nobody waits is kept for the next wait, so none is missed.
public final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiting: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    public init() {}

    public func set() {
        state.withLock { state in
            state.isSet = state.waiting == nil
            defer { state.waiting = nil }
            return state.waiting
        }?.resume(returning: true)
    }

    /// Takes back a signal nobody has waited for: what it announced is about to be looked at anyway.
    public func clear() { state.withLock { $0.isSet = false } }

    /// Returns when signalled, at once if that happened before, and when the task is cancelled. One task waits at a time.
    /// - Returns: whether it was signalled.
    @discardableResult
    public func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.isSet || Task.isCancelled {
                        defer { state.isSet = false }
                        return state.isSet
                    }
                    precondition(state.waiting == nil, "one task waits for a signal")
                    state.waiting = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting
            }?.resume(returning: false)
        }
    }

    /// The same, for a bounded time.
    @discardableResult
    public func wait(atMost limit: Duration, on loop: EventLoop) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.wait() }
            group.addTask {
                try? await loop.sleep(for: limit)
                return false
            }
            var isSignalled = await group.next() ?? false
            group.cancelAll()
            // A signal may have come just when time ran out: it counts.
            for await answer in group where answer { isSignalled = true }
            return isSignalled
        }
    }
}
