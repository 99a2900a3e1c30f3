public import EventLoop

/// A Redis: one connection a loop, on which the commands of all callers travel one behind the other.
///
/// Connections are made when they are needed, and again when they were lost. While there is none to be had, callers are told so at
/// once. May be used from a loop, where nothing hops, or from anywhere else.
public final class RedisClient: Sendable {
    private let loops: EventLoopGroup
    private let lines: [RedisLine]

    /// Opens no connection yet.
    public init(_ url: RedisURL, loops: EventLoopGroup, configuration: RedisConfiguration = .init()) {
        self.loops = loops
        lines = loops.loops.map { RedisLine(url, loop: $0, configuration) }
    }

    deinit { for line in lines { line.loop.execute { line.close() } } }

    /// Sends a command and waits for its answer. It is never sent twice.
    /// - Throws: ``RedisError``, or `CancellationError` at once when the caller is cancelled; the command may be done all the same.
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

    /// Closes every connection; what waits for an answer fails, and so does what comes later.
    public func close() async {
        for line in lines { _ = try? await line.loop.run("redis close") { line.close() } }
    }

    private func line() -> RedisLine {
        let loop = loops.next()
        for line in lines where line.loop === loop { return line }
        preconditionFailure("a loop that is not of this client's group")
    }
}
