public import EventLoop

/// A Redis client: one connection per loop, on which the commands of all callers are pipelined.
///
/// Connections are opened on demand and reopened after a loss. While none can be opened, callers fail at once. May be called from a loop,
/// without thread switches, or from anywhere else.
public final class RedisClient: Sendable {
    public let url: RedisURL
    private let loops: EventLoopGroup
    private let lines: [RedisLine]

    /// Opens no connection yet.
    public init(_ url: RedisURL, loops: EventLoopGroup, configuration: RedisConfiguration = .init()) {
        self.url = url
        self.loops = loops
        lines = loops.loops.map { RedisLine(url, loop: $0, configuration) }
    }

    deinit { for line in lines { line.loop.execute { line.close() } } }

    /// Sends a command and waits for its reply. Commands are never retried.
    /// - Throws: ``RedisError``, or `CancellationError` at once when the caller is cancelled; the command may still be executed.
    public func send(_ command: [RedisArgument]) async throws -> RedisReply {
        let line = line()
        let call = RedisCall(try command.formatted())
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                line.loop.execute { if call.begin(continuation) { line.submit(call) } }
            }
        } onCancel: {
            line.loop.execute { call.finish(.failure(CancellationError())) }
        }
    }

    /// Closes every connection; pending and later commands fail.
    public func close() async {
        for line in lines { _ = try? await line.loop.run("redis close") { line.close() } }
    }

    private func line() -> RedisLine {
        let loop = loops.next()
        for line in lines where line.loop === loop { return line }
        preconditionFailure("the loop does not belong to this client's group")
    }
}
