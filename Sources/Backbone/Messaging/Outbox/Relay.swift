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
                try await lock.hold(on: database, loop) { holder in
                    self.logger.info("relay active")
                    self.outages.relays.succeeded(of: self.service.rawValue)
                    self.bell.isActiveHere = true
                    self.metrics.active.set(1)
                    defer {
                        self.bell.isActiveHere = false
                        self.metrics.active.set(0)
                    }
                    failures.store(0, ordering: .relaxed)
                    try await self.serve(holder)
                }
            } catch {
                try Task.checkCancellation()
                let count = failures.add(1, ordering: .relaxed).newValue
                outages.relays.failed(
                    [.name: .text(service.rawValue), .error: LogValue(error)], of: service.rawValue)
                try await loop.sleep(for: limits.retryPolicy.delay(after: count, using: &random))
            }
        }
    }

    /// While a batch is being appended, the next one is read if there is more. Sent rows are deleted by the next read statement, or after
    /// a delay by a separate one.
    private func serve(_ holder: Session) async throws {
        var sent: [Int64] = []
        do {
            try await serve(holder, &sent)
        } catch {
            // On shutdown, so that sent rows are not sent again.
            let rest = sent
            try? await loop.shielded("relay removal") { try await self.remove(rest) }
            throw error
        }
    }

    /// - Parameter sent: acknowledged by the log, but not deleted yet.
    private func serve(_ holder: Session, _ sent: inout [Int64]) async throws {
        var reader = OutboxReader(countMax: limits.batchCountMax, bytesMax: limits.batchBytesMax)
        var batch: [OutgoingEvent] = []
        var failures = 0
        var random = SystemRandomNumberGenerator()
        while true {
            try Task.checkCancellation()
            if batch.isEmpty {
                if reader.isAtEnd, await !hasRung(within: sent.isEmpty ? nil : limits.removalDelay) {
                    try Task.checkCancellation()
                    try await remove(sent)
                    sent = []
                    continue
                }
                bell.here.clear()
                if reader.mustSettle { reader.settle(through: try await OutboxReader.settle(database)) }
                let rows = try await holder.query(reader.statement(removing: sent))
                sent = []
                switch try reader.take(rows) {
                case .events(let events): batch = events
                case .hole: await bell.here.wait(atMost: .milliseconds(2), on: loop)
                case .nothing: break
                }
                continue
            }
            let statement = reader.isAtEnd ? nil : reader.statement(removing: sent)
            let removing = statement == nil ? 0 : sent.count
            async let following = read(statement, on: holder)
            let outcomes = await log.append(batch.map(\.record), within: limits.appendMax)
            let report = RelayReport(batch, outcomes)
            metrics.count(report)
            sent += report.accepted
            try await bury(report.refused)
            let rows = try await following
            sent.removeFirst(removing)
            let next = try rows.map { try reader.take($0) }
            batch = []
            if let first = report.firstToRetry {
                failures += 1
                reader.rewind(to: first)
                try await remove(sent)
                sent = []
                outages.appends.failed(
                    [.name: .text(service.rawValue), .reason: .text(report.reason)], of: service.rawValue)
                try await loop.sleep(for: limits.retryPolicy.delay(after: failures, using: &random))
            } else {
                failures = 0
                outages.appends.succeeded(of: service.rawValue)
                if case .events(let events) = next { batch = events }
            }
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

    private func bury(_ refused: [(id: Int64, reason: String)]) async throws {
        if refused.isEmpty { return }
        logger.error("log permanently refused events; see outbox_dead", [.count: LogValue(refused.count)])
        _ = try await database.execute(
            """
            with refused as (select * from unnest(\(refused.map(\.id)), \(refused.map(\.reason))) as r (id, reason)),
            gone as (delete from outbox o using refused r where o.id = r.id returning o.*, r.reason)
            insert into outbox_dead (id, created_at, reason, topic, key, event_id, headers, value)
            select id, created_at, reason, topic, key, event_id, headers, value from gone
            """)
    }
}
