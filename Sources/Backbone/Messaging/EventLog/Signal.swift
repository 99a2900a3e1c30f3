internal import EventLoop
internal import Synchronization

/// Wakes one waiting task. A signal given while nobody waits is kept for the next wait, so none is missed.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func set() {
        state.withLock { state in
            state.isSet = state.waiting == nil
            defer { state.waiting = nil }
            return state.waiting
        }?.resume()
    }

    /// Takes back a signal nobody has waited for: what it announced is about to be looked at anyway.
    func clear() { state.withLock { $0.isSet = false } }

    /// Returns when signalled, at once if that happened before, and when the task is cancelled. One task waits at a time.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    if state.isSet || Task.isCancelled {
                        state.isSet = false
                        return true
                    }
                    precondition(state.waiting == nil, "one task waits for a signal")
                    state.waiting = continuation
                    return false
                }
                if ready { continuation.resume() }
            }
        } onCancel: {
            set()
        }
    }

    /// The same, for a bounded time.
    func wait(atMost limit: Duration, on loop: EventLoop) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { try? await loop.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
