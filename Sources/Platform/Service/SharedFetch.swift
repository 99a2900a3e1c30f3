public import EventLoop

/// What many ask for and few fetch: who asks while a fetch is under way gets what it brings, and so does who asks a little later.
public actor SharedFetch<Value: Sendable> {
    private let loops: EventLoopGroup
    private let keptTime: Duration
    private let fetch: @Sendable () async -> Value
    private var running: Task<Value, any Error>?
    private var known: (value: Value, at: ContinuousClock.Instant)?

    /// - Parameters:
    ///   - keptTime: how old a value may be that is given out.
    ///   - fetch: is not cancelled with whoever asked first.
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
