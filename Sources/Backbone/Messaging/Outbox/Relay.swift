public import Contracts
public import EventLoop
public import Observability
public import Postgres
internal import Synchronization

/// Sends the rows of a service's ``Outbox`` to the log, in outbox order per key. A row is deleted only after the log has acknowledged it.
///
/// One relay per service is active at a time. It holds an advisory lock in a dedicated session and reads the outbox in that session, so a
/// relay that lost its connection cannot read on. It keeps the session alive while the log is slow. Standby relays poll for the lock and
/// acquire it soon after the active relay ends. (A lease row would need a heartbeat and a timeout.) A frozen relay that resumes beside
/// its successor can at worst send events again, in the same order; the inboxes skip them.
public final class Relay: Sendable {
    public let service: ServiceName
    let database: Database
    let log: any EventAppender
    let limits: RelayLimits
    private let bell: OutboxBell
    private let loop: EventLoop
    private let logger: Logger
    private let outages: MessagingOutages
    private let metrics: RelayMetrics

    /// - Parameters:
    ///   - outbox: the service's outbox; its commits wake this relay.
    ///   - database: contains the service's schema.
    ///   - outages: the process's outage logs; nil to create separate ones.
    public init(
        outbox: Outbox, database: Database, log: any EventAppender, loops: EventLoopGroup,
        limits: RelayLimits = RelayLimits(),
        logger: Logger, outages: MessagingOutages? = nil, metrics: Metrics
    ) {
        service = outbox.service
        bell = outbox.bell
        self.database = database
        self.log = log
        self.limits = limits
        self.logger = logger
        self.outages = outages ?? MessagingOutages(logger)
        loop = loops.nextInTurn()
        self.metrics = RelayMetrics(metrics)
    }

    /// Whether this relay is the active one.
    public var isActive: Bool { bell.isActiveHere }

    /// Sends until the task is cancelled.
    /// - Throws: `CancellationError` when cancelled.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.standByAndServe() }
            group.addTask { try await self.poll() }
            group.addTask { try await self.passRingsOn() }
            group.addTask {
                for await _ in self.database.notifications(on: self.channel) where self.bell.isActiveHere {
                    self.bell.here.set()
                }
                try Task.checkCancellation()
            }
            defer { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    private var channel: String { "outbox_\(service)" }

    private func poll() async throws {
        while true {
            try await loop.sleep(for: limits.pollInterval)
            if bell.isActiveHere { bell.here.set() }
        }
    }

    private func passRingsOn() async throws {
        while true {
            await bell.elsewhere.wait()
            try Task.checkCancellation()
            // A failure loses nothing: the active relay also polls.
            _ = try? await database.query("select pg_notify(\(channel), '')")
        }
    }

    private func standByAndServe() async throws {
        let lock = SessionLock(
            key: "hashtextextended(current_schema() || '.relay', 0)", silenceMax: limits.silenceMax,
            askInterval: limits.standByInterval)
        let failures = Atomic(0)
        var random = SystemRandomNumberGenerator()
        while true {
            try Task.checkCancellation()
            do {
                // A relay that stands by works as well as the active one.
                let onAnswer: @Sendable () -> Void = {
                    failures.store(0, ordering: .relaxed)
                    self.outages.relays.succeeded([.name: .text(self.service.rawValue)], of: self.service.rawValue)
                }
                try await lock.hold(on: database, loop, onAnswer: onAnswer) { holder in
                    self.logger.info("relay active")
                    self.bell.isActiveHere = true
                    self.metrics.active.set(1)
                    defer {
                        self.bell.isActiveHere = false
                        self.metrics.active.set(0)
                    }
                    try await self.serve(holder)
                }
            } catch {
                try Task.checkCancellation()
                let count = failures.add(1, ordering: .relaxed).newValue
                outages.relays.failed(
                    [.name: .text(service.rawValue), .error: LogValue(error)], of: service.rawValue)
                try await loop.sleep(for: limits.retryPolicy.storeDelay(after: count, using: &random))
            }
        }
    }

    private func serve(_ holder: Session) async throws {
        var run = RelayRun(limits)
        do {
            while true {
                try Task.checkCancellation()
                try await step(&run, holder)
            }
        } catch {
            // On shutdown, so that sent rows are not sent again.
            let rest = run.sent
            try? await loop.shielded("relay removal") { try await self.remove(rest) }
            throw error
        }
    }

    /// Sent rows are deleted by the next read statement, or after a delay by a separate one.
    private func step(_ run: inout RelayRun, _ holder: Session) async throws {
        switch run.phase {
        case .waiting:
            if await hasRung(within: run.sent.isEmpty ? nil : limits.removalDelay) { return run.readOn() }
            try Task.checkCancellation()
            try await remove(run.sent)
            run.removed()
        case .waitingForCommit:
            await bell.here.wait(atMost: .milliseconds(2), on: loop)
            run.readOn()
        case .reading:
            bell.here.clear()
            if run.reader.mustSettle { run.settle(through: try await OutboxReader.settle(database)) }
            try run.took(try await holder.query(run.statement))
        case .sending(let batch):
            try await send(batch, &run, holder)
        case .pausing:
            try await remove(run.sent)
            run.removed()
            var random = SystemRandomNumberGenerator()
            try await loop.sleep(for: limits.retryPolicy.delay(after: run.failures, using: &random))
            run.readOn()
        }
    }

    /// While a batch is being appended, the next one is read if there is more.
    private func send(_ batch: [OutgoingEvent], _ run: inout RelayRun, _ holder: Session) async throws {
        let statement = run.readAhead()
        async let ahead = read(statement, on: holder)
        let report = RelayReport(batch, await log.append(batch.map(\.record), within: limits.appendMax))
        metrics.count(report)
        run.acknowledged(report.accepted)
        try await bury(report.refused)
        try run.appended(firstToRetry: report.firstToRetry, ahead: try await ahead)
        if report.firstToRetry == nil {
            outages.appends.succeeded(of: service.rawValue)
        } else {
            outages.appends.failed(
                [.name: .text(service.rawValue), .reason: .text(report.reason)], of: service.rawValue)
        }
    }

    /// Waits for the signal. - Parameter limit: nil to wait without a limit.
    private func hasRung(within limit: Duration?) async -> Bool {
        guard let limit else { return await bell.here.wait() }
        return await bell.here.wait(atMost: limit, on: loop)
    }

    private func read(_ statement: SQL?, on holder: Session) async throws -> Rows? {
        guard let statement else { return nil }
        return try await holder.query(statement)
    }

    private func remove(_ ids: [Int64]) async throws {
        if !ids.isEmpty { try await database.execute("with \(OutboxReader.removal(of: ids)) select") }
    }

    private func bury(_ refused: [(event: OutgoingEvent, reason: String)]) async throws {
        guard let first = refused.first else { return }
        logger.error(
            "the log refused events; `learning-hub outbox list` shows them, `outbox resend` sends them again",
            [
                .count: LogValue(refused.count), .topic: .text(first.event.record.topic), .reason: .text(first.reason),
            ])
        _ = try await database.execute(
            """
            with refused as (select * from unnest(\(refused.map(\.event.id)), \(refused.map(\.reason))) as r (id, reason)),
            gone as (delete from outbox o using refused r where o.id = r.id returning o.*, r.reason)
            insert into outbox_dead (id, created_at, reason, topic, key, event_id, headers, value)
            select id, created_at, reason, topic, key, event_id, headers, value from gone
            """)
    }
}
