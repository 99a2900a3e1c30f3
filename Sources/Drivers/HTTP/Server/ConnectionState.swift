/// The timeouts of a server in ticks of one coarse timer: a request needs no clock read and no timer of its own.
struct TickLimits {
    let tick: Duration
    let header: Int
    let idle: Int
    let linger: Int
    private let body: Int
    private let bytesPerTick: Int

    init(_ configuration: HTTPServerConfiguration) {
        let shortest = min(
            configuration.headerTimeout, configuration.idleTimeout, configuration.bodyTimeout,
            configuration.lingerTimeout)
        let tick = min(max(shortest / 8, .milliseconds(10)), .seconds(1))
        func ticks(_ duration: Duration) -> Int { Int((duration / tick).rounded(.up)) + 1 }
        self.tick = tick
        header = ticks(configuration.headerTimeout)
        idle = ticks(configuration.idleTimeout)
        linger = ticks(configuration.lingerTimeout)
        body = ticks(configuration.bodyTimeout)
        bytesPerTick = max(1, Int(Double(configuration.bodyBytesPerSecondMin) * (tick / .seconds(1))))
    }

    /// The number of ticks a transfer of this many bytes may take.
    func waiting(byteCount: Int) -> Int { body + byteCount / bytesPerTick }
}

/// What a connection waits for, and since when. A state machine without side effects: it receives events and returns actions.
struct ConnectionState {
    enum Phase {
        /// Waiting for the first request, or the rest of its head.
        case fresh
        /// Waiting for the next request on an idle connection.
        case waiting
        case head
        case body
        /// The handler is working, or its response is being sent.
        case answer
        /// The response is complete and the connection will close. Remaining input is read and dropped so that the peer can read the
        /// response.
        case lingering
        case closed
    }

    /// The action for a tick.
    enum Action { case none, close, refuseHead, refuseBody }

    private(set) var phase = Phase.fresh
    private let limits: TickLimits
    /// Ticks since the phase began, or since the last byte.
    private var idleTicks = 0
    /// Ticks spent waiting for the current body, without the time its reader applied backpressure.
    private var bodyTicks = 0
    /// Ticks spent waiting for the peer to read the response: in total, and since it last read.
    private var blockedTicks = 0
    private var stuckTicks = 0
    private var sentByteCount = 0
    private var lingerTicks = 0
    private var lingerBytesLeft: Int

    init(limits: TickLimits, lingerBytesMax: Int) {
        self.limits = limits
        lingerBytesLeft = lingerBytesMax
    }

    mutating func enter(_ phase: Phase) {
        if self.phase == .closed { return }
        self.phase = phase
        idleTicks = 0
        switch phase {
        case .body: bodyTicks = 0
        case .answer: (blockedTicks, stuckTicks, sentByteCount) = (0, 0, 0)
        default: break
        }
    }

    /// Bytes arrived. They do not extend the time limit of a request head.
    mutating func received(_ byteCount: Int) -> Action {
        switch phase {
        case .waiting: enter(.head)
        case .body: idleTicks = 0
        case .lingering:
            idleTicks = 0
            lingerBytesLeft -= byteCount
            if lingerBytesLeft < 0 { return .close }
        case .fresh, .head, .answer, .closed: break
        }
        return .none
    }

    mutating func sent(_ byteCount: Int) {
        sentByteCount += byteCount
        if byteCount > 0 { stuckTicks = 0 }
    }

    /// A tick has passed.
    /// - Parameters:
    ///   - isReceiving: the server waits for body bytes and applies no backpressure.
    ///   - bodyByteCount: how many bytes of the body have arrived.
    ///   - isBlocked: the peer does not read the response.
    mutating func tick(isReceiving: Bool, bodyByteCount: Int, isBlocked: Bool) -> Action {
        if isBlocked {
            (blockedTicks, stuckTicks) = (blockedTicks + 1, stuckTicks + 1)
            // A peer that reads slowly in small pieces gets no more time than one that reads at the minimum rate.
            if stuckTicks >= limits.idle || blockedTicks > limits.waiting(byteCount: sentByteCount) { return .close }
        }
        idleTicks += 1
        switch phase {
        case .fresh, .head: return idleTicks >= limits.header ? .refuseHead : .none
        case .waiting: return idleTicks >= limits.idle ? .close : .none
        case .body where isReceiving:
            bodyTicks += 1
            let isLate = idleTicks >= limits.idle || bodyTicks > limits.waiting(byteCount: bodyByteCount)
            return isLate ? .refuseBody : .none
        case .body:
            idleTicks = 0
            return .none
        case .lingering:
            lingerTicks += 1
            return idleTicks >= limits.linger || lingerTicks >= limits.idle ? .close : .none
        case .answer, .closed: return .none
        }
    }
}
