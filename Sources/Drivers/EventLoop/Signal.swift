internal import Synchronization

/// Wakes one waiting task. A signal sent while no task waits is kept for the next wait, so none is missed.
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

    /// Clears a pending signal: the caller is about to check the signalled state anyway.
    public func clear() { state.withLock { $0.isSet = false } }

    /// Waits for a signal; returns at once when one is pending, and when the task is cancelled. Only one task may wait at a time.
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

    /// As ``wait()``, with a time limit.
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
            // A signal may have arrived at the moment of the timeout; it counts.
            for await answer in group where answer { isSignalled = true }
            return isSignalled
        }
    }
}
