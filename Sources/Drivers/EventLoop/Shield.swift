extension EventLoop {
    /// Runs `body` on this loop to completion even when the calling task is cancelled; the caller still waits for it.
    /// - Parameter limit: after the caller's cancellation, how long `body` may run before it is cancelled too; nil for no limit.
    /// - Throws: what `body` throws.
    public func shielded<Result: Sendable>(
        _ name: @autoclosure @escaping @Sendable () -> String, within limit: Duration? = nil,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = start(name(), body)
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            guard let limit else { return }
            execute { _ = try? self.schedule(after: limit) { task.cancel() } }
        }
    }
}
