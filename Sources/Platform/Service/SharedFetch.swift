public import EventLoop

/// Coalesces fetches: callers during a fetch, and for a short time after it, get its result.
public actor SharedFetch<Value: Sendable> {
    private let loops: EventLoopGroup
    private let keptTime: Duration
    private let fetch: @Sendable () async -> Value
    private var running: Task<Value, any Error>?
    private var known: (value: Value, at: ContinuousClock.Instant)?

    /// - Parameters:
    ///   - keptTime: the maximum age of a returned value.
    ///   - fetch: not cancelled when its first caller is.
    public init(_ loops: EventLoopGroup, keptTime: Duration, fetch: @escaping @Sendable () async -> Value) {
        self.loops = loops
        self.keptTime = keptTime
        self.fetch = fetch
    }

    public func value() async throws -> Value {
        if let known, ContinuousClock.now - known.at < keptTime { return known.value }
        if let running { return try await running.value }
        let task = loops.next().start("shared fetch", fetch)
        running = task
        defer { running = nil }
        let value = try await task.value
        known = (value, ContinuousClock.now)
        return value
    }
}
