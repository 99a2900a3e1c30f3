internal import EventLoop

/// Lets tasks wait for a condition on state owned by a loop. Code that changes the state must call ``check()``.
// @unchecked: confined to its loop.
final class Condition: @unchecked Sendable {
    private final class Waiter {
        let holds: () -> Bool
        let continuation: CheckedContinuation<Bool, Never>
        var timer: Watch?

        init(_ holds: @escaping () -> Bool, _ continuation: CheckedContinuation<Bool, Never>) {
            self.holds = holds
            self.continuation = continuation
        }
    }

    private let loop: EventLoop
    private var waiters: [Waiter] = []

    init(loop: EventLoop) { self.loop = loop }

    /// Call on the loop.
    /// - Returns: whether the condition holds; false on a timeout.
    func wait(atMost limit: Duration, until holds: @escaping () -> Bool) async -> Bool {
        loop.preconditionCurrent()
        if holds() { return true }
        return await withCheckedContinuation { continuation in
            let waiter = Waiter(holds, continuation)
            waiter.timer = try? loop.schedule(after: limit) { [weak self, weak waiter] in
                if let self, let waiter { finish(waiter, false) }
            }
            if waiter.timer == nil { return continuation.resume(returning: false) }
            waiters.append(waiter)
        }
    }

    func check() {
        for waiter in waiters where waiter.holds() { finish(waiter, true) }
    }

    private func finish(_ waiter: Waiter, _ holds: Bool) {
        guard let index = waiters.firstIndex(where: { $0 === waiter }) else { return }
        waiters.remove(at: index)
        waiter.timer?.cancel()
        waiter.continuation.resume(returning: holds)
    }
}
