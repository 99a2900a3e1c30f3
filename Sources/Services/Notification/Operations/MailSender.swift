internal import Contracts
internal import EventLoop
internal import Mail
internal import Messaging
internal import Observability
internal import Postgres
internal import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Hands mails to the mail server: several at a time, each on its own, so that a slow one holds up nobody else's.
///
/// A mail is claimed in a transaction of its own, handed over with no transaction open, and what came of it written down. A sender
/// that dies in between leaves a claim that runs out; then the mail is sent again, under the same `Message-ID`. So a mail goes out
/// once, but for a crash between the server's word and ours: we rather send that one twice than not at all.
final class MailSender: Sendable {
    let transport: any MailTransport
    let from: Mailbox
    let database: Database
    let loops: EventLoopGroup
    let limits: MailLimits
    let logger: Logger
    let meter: MailMeter
    let now: @Sendable () -> Date
    let store = Store()
    var journal: Journal { Journal(now: now) }
    let server = Mutex(ServerState())
    private let inFlightCount = Atomic(0)
    private let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init(
        transport: any MailTransport, from: Mailbox, database: Database, loops: EventLoopGroup, limits: MailLimits,
        logger: Logger, metrics: Metrics, now: @escaping @Sendable () -> Date
    ) {
        self.transport = transport
        self.from = from
        self.database = database
        self.loops = loops
        self.limits = limits
        self.logger = logger
        self.now = now
        meter = MailMeter(metrics)
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        metrics.gauge("hub_mail_server_up", help: "Whether the mail server takes mail.") { [weak self] in
            self?.isServerUp == false ? 0 : 1
        }
    }

    /// There is something to send, perhaps.
    func ring() { bell.yield() }

    /// Whether the server took the last mail, or had a word to say about that mail alone.
    var isServerUp: Bool { server.withLock { $0.isUp } }

    /// Whether the server took no mail just now and is left alone for a moment.
    var isServerPaused: Bool { server.withLock { $0.isPaused } }

    /// Sends what is due until the task is cancelled; then what is being handed over is brought to its end.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.ringNowAndThen() }
            for await _ in rings {
                for mail in await takeDue() {
                    group.addTask { await self.finish(mail) }
                }
            }
        }
    }

    /// A mail under way is not broken off when we are to stop: nobody could tell whether the server took it.
    private func finish(_ mail: Delivery) async {
        try? await loops.next().shielded("mail") { await self.deliver(mail) }
        inFlightCount.subtract(1, ordering: .relaxed)
        ring()
    }

    /// For mails whose time has come, and those that another process left behind.
    private func ringNowAndThen() async {
        while !Task.isCancelled {
            ring()
            try? await loops.next().sleep(for: limits.pollInterval)
        }
    }

    /// - Returns: as many as there is room for; one, to find out, when the server took no mail the last time.
    private func takeDue() async -> [Delivery] {
        let room = server.withLock { $0.room(limits.concurrencyMax - inFlightCount.load(ordering: .relaxed)) }
        guard room > 0 else { return [] }
        let time = now()
        let leaseEnd = time.addingTimeInterval((limits.timeout + limits.leaseMargin) / .seconds(1))
        do {
            let mails = try await store.lockDue(at: time, leaseEnd: leaseEnd, countMax: room, on: database)
            inFlightCount.add(mails.count, ordering: .relaxed)
            return mails
        } catch {
            logger.warning("mails could not be claimed", [.error: LogValue(error)])
            return []
        }
    }
}

/// What is known of the mail server.
struct ServerState: Sendable {
    private var failureCount = 0
    private var pausedUntil: ContinuousClock.Instant?

    var isUp: Bool { failureCount == 0 }
    var isPaused: Bool { pausedUntil.map { ContinuousClock.now < $0 } ?? false }

    /// How many mails may be taken on when there is room for `free`.
    func room(_ free: Int) -> Int {
        if isPaused { return 0 }
        return failureCount > 0 ? min(1, free) : free
    }

    /// It took a mail, or had a word to say about that mail alone.
    mutating func answered() { self = ServerState() }

    /// It did neither. Mails that were under way together fail together, and count once.
    mutating func failed(pauseMax: Duration) {
        if isPaused { return }
        failureCount += 1
        var policy = RetryPolicy()
        policy.dependencyDelayMax = pauseMax
        var random = SystemRandomNumberGenerator()
        pausedUntil = .now + policy.dependencyDelay(after: failureCount, using: &random)
    }
}

/// Counts what becomes of mails.
struct MailMeter: Sendable {
    let sent: Counter
    let failed: Counter
    let deferred: Counter
    let unwilling: Counter

    init(_ metrics: Metrics) {
        func counter(_ outcome: String) -> Counter {
            metrics.counter("hub_mails_total", help: "Attempts to hand over a mail.", labels: ["outcome": outcome])
        }
        sent = counter("sent")
        failed = counter("failed")
        deferred = counter("deferred")
        unwilling = counter("unwilling")
    }
}
