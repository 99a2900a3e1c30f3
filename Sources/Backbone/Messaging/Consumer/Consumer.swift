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

/// Reads the topics of a group and calls its handlers: partitions concurrently, events with the same key in order, each event with
/// exactly one effect.
///
/// Batches are handled in one transaction, together with batches of other partitions that arrive at the same time. When the transaction
/// fails, each partition's batch is retried in its own transaction, and then each event, so that an event that cannot be handled is
/// isolated and does not block others. Offsets are stored beside the effects and commit with them (see ``ConsumerPositions``); dead
/// letters are sent through the service's outbox.
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
    /// Batches of all partitions: concurrent ones share a transaction.
    let together: Coalescer<PreparedBatch, Void>
    private let loop: EventLoop
    private let subscriptionLimits: SubscriptionLimits

    /// - Parameters:
    ///   - group: as in the topic catalogue.
    ///   - handlers: the group subscribes to their topics and to its own redrive topic.
    ///   - outbox: the service's outbox; a relay must run for it.
    ///   - database: contains the schema of the group's service.
    ///   - outages: the process's outage logs; nil to create separate ones.
    ///   - now: the time written to dead letters.
    public init(
        group: ConsumerGroup, handlers: [Handler], outbox: Outbox, database: Database, log: any EventLog,
        codec: EventCodec,
        loops: EventLoopGroup, policy: RetryPolicy = RetryPolicy(), limits: ConsumerLimits = ConsumerLimits(),
        subscriptionLimits: SubscriptionLimits = SubscriptionLimits(), logger: Logger,
        outages: MessagingOutages? = nil, metrics: Metrics,
        now: @escaping @Sendable () -> Date = { WallClock.date }
    ) {
        precondition(Set(handlers.map(\.name)).count == handlers.count, "two handlers of \(group) have the same name")
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

    /// Handles events until the task is cancelled; then it finishes and commits the running batches, and releases the partitions at once.
    /// - Throws: `CancellationError` when cancelled; the log's error when the group cannot be joined.
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
        // A discarding task group: workers end whenever partitions are revoked, and their results must not accumulate.
        try await withThrowingDiscardingTaskGroup { tasks in
            // The worker throws on cancellation, which must not fail the group.
            tasks.addTask { try? await self.measure() }
            defer { tasks.cancelAll() }
            while let lease = try await subscription.nextLease() {
                tasks.addTask(executorPreference: loop) {
                    await PartitionWorker(consumer: self, lease: lease, loop: self.loop).run()
                }
            }
        }
    }

    /// Retries until it succeeds: at start, the log may still be starting too.
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

    /// Publishes the group's lag, as read by this process.
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
