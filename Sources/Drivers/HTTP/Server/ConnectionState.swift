/// The time-outs of a server, in ticks of one coarse timer: no clock is read and no timer set for a request.
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

    /// How many ticks may be spent on waiting for bytes of which so many have passed.
    func waiting(byteCount: Int) -> Int { body + byteCount / bytesPerTick }
}

/// What a connection waits for, and since when. It is told what happens and says what is to be done; it does nothing itself.
struct ConnectionState {
    enum Phase {
        /// The first request, or the rest of its head.
        case fresh
        /// The next one: the client may have gone quiet for good.
        case waiting
        case head
        case body
        /// The handler works, or its answer leaves.
        case answer
        /// Everything is said. What the peer still sends is read away, so that it can read what was said.
        case lingering
        case closed
    }

    /// What is to be done because time has passed.
    enum Action { case none, close, refuseHead, refuseBody }

    private(set) var phase = Phase.fresh
    private let limits: TickLimits
    /// Since the phase began, or since a byte came.
    private var idleTicks = 0
    /// Spent on waiting for the body under way, not counting the time its reader held it back.
    private var bodyTicks = 0
    /// Spent on waiting for the peer to take the answer: in all, and since it last took some of it.
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

    /// Bytes came. In a head they change nothing: it has its time, however it drips.
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
    ///   - isReceiving: a body is waited for, and nothing here holds it back.
    ///   - bodyByteCount: how much of the body has come.
    ///   - isBlocked: the peer does not take what is to be sent.
    mutating func tick(isReceiving: Bool, bodyByteCount: Int, isBlocked: Bool) -> Action {
        if isBlocked {
            (blockedTicks, stuckTicks) = (blockedTicks + 1, stuckTicks + 1)
            // Who drips takes no longer than who reads at the least rate.
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
