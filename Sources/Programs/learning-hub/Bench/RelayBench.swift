internal import Contracts
internal import EventLoop
internal import Messaging
internal import Platform
internal import Postgres
internal import Synchronization
internal import User

/// Events from the outbox to the log.
enum RelayBench {
    private static let runs = 5
    static let eventCount = 50_000
    private static let transactionEventCount = 500
    private static let steadyPerSecond = 1_000
    private static let steadyCount = 5_000

    static let rows = [
        BenchRow(name: "relay.postgres", unit: .perSecond) { hub in
            let settings = try await hub.settings()
            return Measurement(try await open(settings, throughput))
        },
        BenchRow(name: "relay.kafka", unit: .perSecond) { hub in
            let settings = try await hub.settingsOnKafka()
            return Measurement(try await open(settings, throughput))
        },
        BenchRow(name: "relay.latency-p50", unit: .milliseconds) { hub in
            Measurement(try await latencies(hub).map { $0.percentile(50) })
        },
        BenchRow(name: "relay.latency-p99", unit: .milliseconds) { hub in
            Measurement(try await latencies(hub).map { $0.percentile(99) })
        },
    ]

    private static func open<Value>(
        _ settings: Settings, _ body: (HubParts, ServiceContext) async throws -> Value
    ) async throws -> Value {
        let parts = try await HubParts.open(settings)
        _ = try await parts.store.applyTopics()
        let user = try await parts.wire(UserService.self)
        let value = await outcome { try await body(parts, user.context) }
        await user.close()
        await parts.close()
        return try value.get()
    }

    private static func relay(_ parts: HubParts, _ context: ServiceContext, to log: any EventAppender) -> Relay {
        Relay(
            outbox: context.outbox, database: context.database, log: log, loops: parts.loops, logger: context.logger,
            metrics: context.metrics)
    }

    /// Sends a full outbox to the log: durable events per second, from the first acknowledgement to the last.
    private static func throughput(_ parts: HubParts, _ context: ServiceContext) async throws -> [Double] {
        var rates: [Double] = []
        for _ in 0..<runs {
            for _ in 0..<eventCount / transactionEventCount {
                try await context.database.transaction { tx in
                    for _ in 0..<transactionEventCount {
                        try context.outbox.append(BenchEvents.registered(at: context.clock()), on: tx)
                    }
                }
            }
            let log = WatchedLog(parts.log)
            try await run(relay(parts, context, to: log), on: parts.loops) { log.tally.count == eventCount }
            let row = try await context.database.query("select count(*) from outbox").first
            guard let row, try row.decode(Int.self) == 0 else {
                throw CommandFailure("the relay left events in the outbox")
            }
            rates.append(log.tally.perSecond)
        }
        return rates
    }

    /// From an event's commit until the log has it, at a steady rate, with one event per transaction: milliseconds of each event, by
    /// run.
    private static func latencies(_ hub: BenchHub) async throws -> [[Double]] {
        try await hub.once("relay.latency") {
            try await open(try await hub.settingsOnKafka()) { parts, context in
                let intervals = Intervals()
                let log = WatchedLog(parts.log) { intervals.end($0) }
                var results: [[Double]] = []
                for run in 0...runs {
                    // The first run warms up.
                    let count = run == 0 ? steadyPerSecond : steadyCount
                    try await self.run(relay(parts, context, to: log), on: parts.loops) {
                        try await steadily(count, perSecond: steadyPerSecond, on: parts.loops.next()) { _ in
                            let id = try await context.database.transaction { tx in
                                try context.outbox.append(BenchEvents.registered(at: context.clock()), on: tx)
                            }
                            intervals.begin(id.rawValue)
                        }
                        while intervals.count < count { try await parts.loops.next().sleep(for: .milliseconds(5)) }
                        return true
                    }
                    let milliseconds = intervals.take()
                    if run > 0 { results.append(milliseconds) }
                }
                return results
            }
        }
    }

    /// Runs a relay until `isDone`.
    private static func run(
        _ relay: Relay, on loops: EventLoopGroup, until isDone: @escaping @Sendable () async throws -> Bool
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loops.next()) { try await relay.run() }
            defer { group.cancelAll() }
            try await withTimeout(
                .seconds(120), on: loops.next(), onTimeout: { CommandFailure("the relay did not finish in 120 s") }
            ) {
                while try await !isDone() { try await loops.next().sleep(for: .milliseconds(5)) }
            }
        }
    }
}

/// Counts acknowledgements of a log.
private final class WatchedLog: EventAppender {
    struct Tally {
        var count = 0
        private var first: (count: Int, time: ContinuousClock.Instant)?
        private var last = ContinuousClock.now

        /// From the first acknowledgement to the last: the start is excluded.
        var perSecond: Double {
            guard let first else { return 0 }
            return Double(count - first.count) / max(first.time.duration(to: last) / .seconds(1), 0.001)
        }

        mutating func add(_ more: Int) {
            count += more
            last = .now
            if first == nil, count > 0 { first = (count, last) }
        }
    }

    private let log: any EventLog
    private let onAcknowledged: (@Sendable (_ eventID: String) -> Void)?
    private let state = Mutex(Tally())

    init(_ log: any EventLog, onAcknowledged: (@Sendable (_ eventID: String) -> Void)? = nil) {
        self.log = log
        self.onAcknowledged = onAcknowledged
    }

    var tally: Tally { state.withLock { $0 } }

    func append(_ records: [NewRecord], within limit: Duration) async -> [AppendOutcome] {
        let outcomes = await log.append(records, within: limit)
        let accepted = zip(records, outcomes).filter { if case .accepted = $1 { true } else { false } }
        state.withLock { $0.add(accepted.count) }
        if let onAcknowledged {
            for (record, _) in accepted { onAcknowledged(record.headers[HeaderName.eventID] ?? "") }
        }
        return outcomes
    }
}
