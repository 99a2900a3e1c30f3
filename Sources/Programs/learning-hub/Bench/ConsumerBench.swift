internal import Contracts
internal import EventLoop
internal import Gamification
internal import Messaging
internal import Platform
internal import Postgres

/// Events from the log to their effect.
enum ConsumerBench {
    private static let runs = 5
    private static let eventCount = 50_000
    private static let million = 1_000_000

    static let rows = [
        BenchRow(name: "consumer.idempotent", unit: .perSecond) { hub in
            var values: [Double] = []
            for _ in 0..<runs { values.append(try await open(try await hub.settings(), throughput)) }
            return Measurement(values)
        },
        BenchRow(name: "consumer.idempotent-kafka", unit: .perSecond) { hub in
            var values: [Double] = []
            for _ in 0..<runs { values.append(try await open(try await hub.settingsOnKafka(), throughput)) }
            return Measurement(values)
        },
        BenchRow(name: "replay.million", unit: .seconds) { hub in
            Measurement([try await open(try await hub.settingsOnKafka(), replay)])
        },
    ]

    /// A service whose handler has an effect and causes an event.
    private static func open(
        _ settings: Settings, _ body: (HubParts, ServiceContext, Handler) async throws -> Double
    ) async throws -> Double {
        let parts = try await HubParts.open(settings)
        _ = try await parts.store.applyTopics()
        let gamification = try await parts.wire(GamificationService.self)
        let context = gamification.context
        // Service roles create no tables.
        try await parts.store.database.execute(
            "create table gamification.bench_effect (event_id text primary key, points int not null)")
        try await parts.store.database.execute("grant all on gamification.bench_effect to public")
        let handler = Handler(name: "awardOnUserRegistered", on: UserRegistered.self) { received, tx in
            tx.submit("insert into bench_effect (event_id, points) values (\(received.eventID.rawValue), 50)")
            try context.outbox.append(
                PointsAwarded(
                    awardID: PointsAwardID.make(at: context.clock()), userID: received.event.userID, points: 50,
                    rule: "sign-up", sourceEventID: received.eventID, totalPoints: 50, awardedAt: context.clock()),
                on: tx)
        }
        let value = await outcome { try await body(parts, context, handler) }
        await gamification.close()
        await parts.close()
        return try value.get()
    }

    /// Events are decoded, recorded in the inbox, have an effect, cause an event and advance the position: events per second between
    /// the first and last reading of the position; the time to join is excluded.
    private static func throughput(
        _ parts: HubParts, _ context: ServiceContext, _ handler: Handler
    ) async throws -> Double {
        try await BenchEvents.fill(parts, count: eventCount)
        let consumer = Consumer(
            group: .gamification, handlers: [handler], outbox: context.outbox, database: context.database,
            log: parts.log, codec: parts.codec, loops: parts.loops, logger: context.logger, metrics: context.metrics)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await parts.log.run() }
            group.addTask(executorPreference: parts.loops.next()) { try await consumer.run() }
            defer { group.cancelAll() }
            return try await rate(of: context.database, parts)
        }
    }

    private static func rate(of database: Database, _ parts: HubParts) async throws -> Double {
        var first: (place: Int, time: ContinuousClock.Instant)?
        let limit = ContinuousClock.now + .seconds(120)
        while true {
            let row = try await database.query(
                "select coalesce(sum(next_offset), 0)::bigint from consumer_position where topic = \(UserRegistered.topic.name)"
            ).first
            let place = try row?.decode(Int.self) ?? 0
            let now = ContinuousClock.now
            if place > 0, first == nil { first = (place, now) }
            if place == eventCount, let first {
                return Double(eventCount - first.place) / max(first.time.duration(to: now) / .seconds(1), 0.001)
            }
            if now > limit {
                throw CommandFailure("consumer: only \(place) of \(eventCount) events were handled in 120 s")
            }
            try await parts.loops.next().sleep(for: .milliseconds(5))
        }
    }

    /// Seconds to replay a million events, each with its effect.
    private static func replay(_ parts: HubParts, _ context: ServiceContext, _ handler: Handler) async throws -> Double
    {
        let starts = try await parts.log.watermarks(of: UserRegistered.topic.name).mapValues(\.lowerBound)
        try await BenchEvents.fill(parts, count: million)
        let replay = Replay(
            group: .gamification, handlers: [handler], database: context.database, log: parts.log, codec: parts.codec,
            loops: parts.loops, logger: context.logger)
        let start = ContinuousClock.now
        let report = try await replay.run(from: .offsets(starts), replayID: "bench")
        guard report.handled == million, report.failureCount == 0 else {
            throw CommandFailure("replay: \(report.handled) of \(million) events, \(report.failureCount) failed")
        }
        return start.duration(to: .now) / .seconds(1)
    }
}
