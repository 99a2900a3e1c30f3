internal import Contracts
internal import EventLoop
internal import Gamification
internal import Messaging
internal import Observability
internal import Platform
internal import Postgres
internal import SchemaRegistry
internal import User

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Events from the outbox to the log, and from the log to their effect.
enum MessagingBench {
    private static let runs = 3
    private static let eventCount = 20_000
    private static let batchCount = 500

    static let rows = [
        BenchRow(name: "relay.postgres", unit: .perSecond) { hub in
            var values: [Double] = []
            for _ in 0..<runs { values.append(try await relay(hub)) }
            return Measurement(values)
        },
        BenchRow(name: "consumer.idempotent", unit: .perSecond) { hub in
            var values: [Double] = []
            for _ in 0..<runs { values.append(try await consumer(hub)) }
            return Measurement(values)
        },
    ]

    /// A full outbox is sent to the log: events a second, each durable there and gone from the outbox.
    private static func relay(_ hub: BenchHub) async throws -> Double {
        let parts = try await HubParts.open(try await hub.settings())
        _ = try await parts.store.applyTopics()
        let user = try await parts.wire(UserService.self)
        let context = user.context
        for _ in 0..<eventCount / batchCount {
            try await context.database.transaction { tx in
                for _ in 0..<batchCount { try context.outbox.append(registered(at: context.clock()), on: tx) }
            }
        }
        let relay = Relay(
            outbox: context.outbox, database: context.database, log: parts.log, loops: parts.loops,
            logger: context.logger, metrics: context.metrics)
        let rate = try await rate(on: parts.loops, "relay") {
            try await relay.run()
        } done: {
            let row = try await parts.store.database.query("select count(*) from \"user\".outbox").first
            return try eventCount - (row?.decode(Int.self) ?? 0)
        }
        await user.close()
        await parts.close()
        return rate
    }

    /// Events in the log are decoded, noted in the inbox, have an effect and cause an event; the offset is stored: events a second.
    private static func consumer(_ hub: BenchHub) async throws -> Double {
        let parts = try await HubParts.open(try await hub.settings())
        _ = try await parts.store.applyTopics()
        let gamification = try await parts.wire(GamificationService.self)
        let context = gamification.context
        try await parts.store.database.execute(
            "create table gamification.bench_effect (event_id text primary key, points int not null)")
        try await parts.store.database.execute("grant all on gamification.bench_effect to public")
        try await fill(parts)
        let outbox = context.outbox
        let handler = Handler(name: "awardOnUserRegistered", on: UserRegistered.self) { received, tx in
            tx.submit("insert into bench_effect (event_id, points) values (\(received.eventID.rawValue), 50)")
            try outbox.append(
                PointsAwarded(
                    awardID: PointsAwardID.make(at: context.clock()), userID: received.event.userID, points: 50,
                    rule: "sign-up", sourceEventID: received.eventID, totalPoints: 50, awardedAt: context.clock()),
                on: tx)
        }
        let consumer = Consumer(
            group: .gamification, handlers: [handler], outbox: context.outbox, database: context.database,
            log: parts.log,
            codec: parts.codec, loops: parts.loops, logger: context.logger, metrics: context.metrics)
        let rate = try await rate(on: parts.loops, "consumer") {
            async let log: Void = parts.log.run()
            try await consumer.run()
            try await log
        } done: {
            let row = try await parts.store.database.query("select count(*) from gamification.bench_effect").first
            return try row?.decode(Int.self) ?? 0
        }
        await gamification.close()
        await parts.close()
        return rate
    }

    private static func fill(_ parts: HubParts) async throws {
        for _ in 0..<eventCount / batchCount {
            let records = try (0..<batchCount).map { _ in
                let event = registered(at: parts.clock())
                let trace = TraceContext.root()
                let envelope = Envelope(
                    eventID: EventID.make(at: parts.clock()), timestamp: parts.clock(), data: event,
                    metadata: Metadata(
                        correlationID: try CorrelationID(validating: trace.correlationID), source: "user-service",
                        traceID: trace.traceparent.traceID))
                return NewRecord(
                    topic: UserRegistered.topic.name, key: event.key,
                    headers: [
                        RecordHeader(HeaderName.eventID, envelope.eventID.rawValue),
                        RecordHeader(HeaderName.eventType, UserRegistered.topic.name),
                        RecordHeader(HeaderName.correlationID, trace.correlationID),
                        RecordHeader(HeaderName.traceparent, trace.traceparent.description),
                    ], value: try parts.codec.encode(envelope))
            }
            for case .retry(let reason) in await parts.log.append(records, within: .seconds(60)) {
                throw CommandFailure("the log took not all: \(reason)")
            }
        }
    }

    private static func registered(at time: Date) -> UserRegistered {
        UserRegistered(
            userID: UserID.make(at: time), email: "ada.lovelace@example.org", firstName: "Ada", lastName: "Lovelace",
            role: .student, registeredAt: time)
    }

    /// Runs `work` until `done` says all, and takes the rate between the first and the last look: what joining takes is left out.
    private static func rate(
        on loops: EventLoopGroup, _ name: String, _ work: @escaping @Sendable () async throws -> Void,
        done: @escaping @Sendable () async throws -> Int
    ) async throws -> Double {
        let clock = ContinuousClock()
        let task = loops.next().start(name) { try await work() }
        var first: (count: Int, time: ContinuousClock.Instant)?
        let limit = clock.now + .seconds(120)
        while true {
            let count = try await done()
            let now = clock.now
            if count > 0, first == nil { first = (count, now) }
            if count == eventCount || now > limit {
                task.cancel()
                _ = await task.result
                guard count == eventCount, let first else {
                    throw CommandFailure("\(name): \(count) of \(eventCount) in 120 s")
                }
                return Double(count - first.count) / max(first.time.duration(to: now) / .seconds(1), 0.001)
            }
            try await loops.next().sleep(for: .milliseconds(5))
        }
    }
}
