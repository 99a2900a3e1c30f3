internal import Synchronization

extension EventLoop {
    /// Waits on the loop's own timer; no other thread is involved. May be called from anywhere.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func sleep(for delay: Duration) async throws {
        let sleeper = Sleeper()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                execute { sleeper.begin(on: self, after: delay, continuation) }
            }
        } onCancel: {
            execute { sleeper.finish(throwing: CancellationError()) }
        }
    }
}

// @unchecked: touched on the loop's thread alone.
private final class Sleeper: @unchecked Sendable {
    private var continuation: CheckedContinuation<Void, any Error>?
    private var timer: Watch?
    private var isFinished = false

    func begin(on loop: EventLoop, after delay: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
        if isFinished { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        do {
            timer = try loop.schedule(after: delay) { self.finish(throwing: nil) }
        } catch {
            finish(throwing: error)
        }
    }

    func finish(throwing error: (any Error)?) {
        isFinished = true
        timer?.cancel()
        timer = nil
        if let error { continuation?.resume(throwing: error) } else { continuation?.resume() }
        continuation = nil
    }
}

/// Runs `body` and cancels it after `limit`.
///
/// Uses the timer of the calling loop, or of `loop` when the caller is not on a loop.
/// - Throws: the error made by `onTimeout` on a timeout, otherwise what `body` throws.
public func withTimeout<Result: Sendable>(
    _ limit: Duration, on loop: EventLoop, onTimeout: @escaping @Sendable () -> any Error,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let loop = EventLoop.current ?? loop
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await loop.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else { throw onTimeout() }
        return result
    }
}
