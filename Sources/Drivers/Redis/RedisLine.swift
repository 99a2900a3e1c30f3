internal import CRedis
internal import EventLoop

/// The connection of one loop, opened on demand, and its commands waiting for replies, in order.
// @unchecked: confined to its loop, except for the constants.
final class RedisLine: @unchecked Sendable {
    let loop: EventLoop
    private let url: RedisURL
    private let configuration: RedisConfiguration

    private var wire: RedisWire?
    private var isConnecting = false
    private var isClosed = false
    /// The expected replies to the commands sent first on a new connection.
    private var greetingsOwed = 0
    private var calls = FIFO<RedisCall>()
    private var tick: Watch?
    private var failuresInARow = 0
    /// After a failure: when to retry, and the error for callers until then.
    private var failure: (error: RedisError, until: ContinuousClock.Instant)?

    /// DNS lookups block, so they run there.
    private static let threads = try? BlockingPool(name: "redis-connect", threadCount: 2, queueCountMax: 1_024)
    /// The timeout check runs this many times per timeout.
    private static let ticksPerTimeout = 8

    init(_ url: RedisURL, loop: EventLoop, _ configuration: RedisConfiguration) {
        self.url = url
        self.loop = loop
        self.configuration = configuration
    }

    // MARK: Commands

    func submit(_ call: RedisCall) {
        if isClosed { return call.finish(.failure(RedisError.closed)) }
        if let failure {
            if ContinuousClock.now < failure.until { return call.finish(.failure(failure.error)) }
            self.failure = nil
        }
        let unsentCount = (wire?.unsentCount ?? 0) + call.command.count
        guard calls.count < configuration.waitingCountMax, unsentCount <= configuration.unsentBytesMax else {
            return call.finish(.failure(RedisError.busy))
        }
        calls.append(call)
        watchTime()
        if let wire { wire.send(call.command) } else { connect() }
    }

    private func take(_ reply: RedisReply) {
        if greetingsOwed > 0 {
            greetingsOwed -= 1
            if case .error(let code) = reply { lose(.refused(code)) }
            return
        }
        failuresInARow = 0
        guard let call = calls.popFirst() else { return lose(.malformed) }
        if case .error(let code) = reply { return call.finish(.failure(RedisError.refused(code))) }
        call.finish(.success(reply))
    }

    // MARK: The connection

    private func connect() {
        if isConnecting { return }
        isConnecting = true
        loop.start("redis connect") {
            let (url, timeout) = (self.url, self.configuration.connectTimeout)
            let descriptor = try? await Self.threads?.run {
                hub_redis_connect(url.host, "\(url.port)", Int32(clamping: Int64(timeout / .milliseconds(1))))
            }
            self.isConnecting = false
            self.use(descriptor ?? -1)
        }
    }

    private func use(_ descriptor: Int32) {
        guard descriptor >= 0 else { return lose(.unavailable) }
        if isClosed { return hub_redis_close(descriptor) }
        do {
            let wire = try RedisWire(descriptor, loop: loop, replyBytesMax: configuration.replyBytesMax)
            wire.onReply = { self.take($0) }
            wire.onLost = { self.lose($0) }
            self.wire = wire
            failure = nil
            let greetings = try url.greetings.map { try $0.formatted() }
            greetingsOwed = greetings.count
            wire.send(greetings.reduce([], +) + calls.all.flatMap(\.command))
        } catch {
            lose(error as? RedisError ?? .unavailable)
        }
    }

    /// Closes the connection and fails every pending command. Without pending commands this does not count as a failure.
    private func lose(_ error: RedisError) {
        wire?.close()
        wire = nil
        greetingsOwed = 0
        stopTime()
        let lost = calls.takeAll()
        if lost.isEmpty || isClosed { return }
        failuresInARow += 1
        let delay = min(
            configuration.reconnectDelayMax, configuration.reconnectDelayBase * (1 << min(failuresInARow - 1, 10)))
        failure = (error, .now + delay * Double.random(in: 0.5...1))
        for call in lost { call.finish(.failure(error)) }
    }

    func close() {
        isClosed = true
        wire?.close()
        wire = nil
        stopTime()
        for call in calls.takeAll() { call.finish(.failure(RedisError.closed)) }
    }

    // MARK: Timeouts

    private func watchTime() {
        guard tick == nil else { return }
        tick = try? loop.schedule(after: configuration.commandTimeout / Self.ticksPerTimeout) {
            self.tick = nil
            self.lookAtTime()
        }
    }

    private func lookAtTime() {
        guard let oldest = calls.first else { return }
        if oldest.since.duration(to: .now) >= configuration.commandTimeout { return lose(.timeout) }
        watchTime()
    }

    private func stopTime() {
        tick?.cancel()
        tick = nil
    }
}

extension RedisURL {
    /// The commands sent first on a new connection.
    fileprivate var greetings: [[RedisArgument]] {
        var greetings: [[RedisArgument]] = []
        if let password {
            greetings.append(["AUTH"] + (user.map { [.text($0)] } ?? []) + [.text(password)])
        }
        if database != 0 { greetings.append(["SELECT", .integer(database)]) }
        return greetings
    }
}

/// A command and its waiting caller.
// @unchecked: created by the caller, then accessed on the line's loop only.
final class RedisCall: @unchecked Sendable {
    let command: [UInt8]
    let since = ContinuousClock.now
    private var continuation: CheckedContinuation<RedisReply, any Error>?
    private var isFinished = false

    init(_ command: [UInt8]) { self.command = command }

    /// - Returns: false when the caller was already cancelled.
    func begin(_ continuation: CheckedContinuation<RedisReply, any Error>) -> Bool {
        if isFinished {
            continuation.resume(throwing: CancellationError())
            return false
        }
        self.continuation = continuation
        return true
    }

    /// The caller was cancelled: the reply will still arrive and is dropped.
    func finish(_ result: Result<RedisReply, any Error>) {
        isFinished = true
        continuation?.resume(with: result)
        continuation = nil
    }
}
