public import Contracts
public import EventLoop
public import Observability
public import Postgres
public import SchemaRegistry

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Reads what a group subscribes to and calls its handlers: partitions at the same time, the events of one key in order, each
/// event's effect once.
///
/// Batches are handled in one transaction, those of several partitions together when they come together; when that fails, each
/// partition's batch in one of its own, and when that fails, each event, so that the one that cannot be handled is found and the
/// others are not held up. Positions are kept beside the effects and commit with them (see ``ConsumerPositions``); dead letters leave by
/// the service's outbox.
public final class Consumer: Sendable {
    public let group: ConsumerGroup
    public let handlers: [Handler]
    public let policy: RetryPolicy
    public let limits: ConsumerLimits
    let processor: EventProcessor
    let positions: ConsumerPositions
    let outbox: Outbox
    let log: any EventLog
    let database: Database
    let logger: Logger
    let outages: MessagingOutages
    let metrics: ConsumerMetrics
    let now: @Sendable () -> Date
    /// The batches of all partitions: those that are there at the same time share a transaction.
    let together: Coalescer<PreparedBatch, Void>
    private let loop: EventLoop
    private let subscriptionLimits: SubscriptionLimits

    /// - Parameters:
    ///   - group: as in the topic catalogue.
    ///   - handlers: what the group reacts to; it subscribes to their topics and to its own redrives.
    ///   - outbox: the service's; it must be relayed.
    ///   - database: with the schema of the group's service.
    ///   - outages: the process's; nil for one of the consumer's own.
    ///   - now: the time dead letters carry.
    public init(
        group: ConsumerGroup, handlers: [Handler], outbox: Outbox, database: Database, log: any EventLog,
        codec: EventCodec,
        loops: EventLoopGroup, policy: RetryPolicy = RetryPolicy(), limits: ConsumerLimits = ConsumerLimits(),
        subscriptionLimits: SubscriptionLimits = SubscriptionLimits(), logger: Logger,
        outages: MessagingOutages? = nil, metrics: Metrics,
        now: @escaping @Sendable () -> Date = { WallClock.date }
    ) {
        precondition(Set(handlers.map(\.name)).count == handlers.count, "two handlers of \(group) have one name")
        self.group = group
        self.handlers = handlers
        self.policy = policy
        self.limits = limits
        self.subscriptionLimits = subscriptionLimits
        self.outbox = outbox
        self.database = database
        positions = ConsumerPositions(of: group, in: database)
        self.log = log
        self.logger = logger
        self.outages = outages ?? MessagingOutages(logger)
        let metrics = ConsumerMetrics(metrics, group: group)
        self.metrics = metrics
        self.now = now
        loop = loops.nextInTurn()
        let room = TransactionRoom(countMax: limits.batchesMax, rest: limits.conflictRest)
        let processor = EventProcessor(group: group, handlers: handlers, database: database, codec: codec) {
            metrics.conflicts.increment()
            room.noteConflict()
        }
        self.processor = processor
        together = Coalescer(
            "events of \(group)", on: loop, batchesMax: { room.count }, weightMax: limits.batchCountMax,
            weigh: { $0.events.count },
            serve: { await processor.handle($0, metrics: metrics) })
    }

    /// Handles events until the task is cancelled; then the batches at work are finished and committed, and the partitions given
    /// back at once.
    /// - Throws: `CancellationError` when it is; what the log throws when the group cannot be joined.
    public func run() async throws {
        let topics = Set(handlers.map(\.topic))
        let subscription = try await patiently {
            try await self.log.subscribe(
                self.group.rawValue, to: topics.map(\.name) + [self.group.redriveTopic], limits: self.subscriptionLimits
            )
        }
        let outcome = await Result { try await work(subscription) }
        await subscription.close()
        try outcome.get()
    }

    private func work(_ subscription: any Subscription) async throws {
        // One that discards: partitions come and go, and a worker that has ended must leave nothing behind.
        try await withThrowingDiscardingTaskGroup { tasks in
            // It throws when it is cancelled, which must not fail the group.
            tasks.addTask { try? await self.measure() }
            defer { tasks.cancelAll() }
            while let lease = try await subscription.nextLease() {
                tasks.addTask(executorPreference: loop) {
                    await PartitionWorker(consumer: self, lease: lease, loop: self.loop).run()
                }
            }
        }
    }

    /// Tries until it works: at start the log may be coming up too.
    private func patiently<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value
    {
        var random = SystemRandomNumberGenerator()
        var attempt = 1
        while true {
            do {
                let value = try await body()
                outages.groups.succeeded(of: group.rawValue)
                return value
            } catch {
                try Task.checkCancellation()
                outages.groups.failed(
                    [.group: .text(group.rawValue), .error: LogValue(error)], of: group.rawValue)
                try await loop.sleep(for: policy.dependencyDelay(after: attempt, using: &random))
                attempt += 1
            }
        }
    }

    /// Shows how far behind the group is, as this process reads it.
    private func measure() async throws {
        while true {
            do {
                metrics.show(try await positions.standing(on: log), at: now())
                outages.lags.succeeded(of: group.rawValue)
            } catch {
                try Task.checkCancellation()
                outages.lags.failed([.group: .text(group.rawValue), .error: LogValue(error)], of: group.rawValue)
            }
            try await loop.sleep(for: limits.measureInterval)
        }
    }
}
