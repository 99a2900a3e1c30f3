extension EventLoop {
    /// Runs `body` on this loop to its end even when the calling task is cancelled meanwhile: the caller waits for it all the same.
    /// - Parameter limit: how long after that it may still take before it is cancelled too; nil for as long as it takes.
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
