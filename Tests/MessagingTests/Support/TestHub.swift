import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import SchemaRegistry

/// Two services on one database and one log: `user` sends, `gamification` keeps a ledger.
struct TestHub: Sendable {
    let test: TestDatabase
    let log: PostgresLog
    /// Of the sender.
    let user: Database
    /// Of the receiver.
    let gamification: Database
    let codec: EventCodec
    let outbox: Outbox
    let receiverOutbox: Outbox
    let logger: Logger
    let lines: LogRecorder
    let metrics = Metrics(process: false)

    static let group = ConsumerGroup.gamification
    /// Another of the same service.
    static let watcher: ConsumerGroup = "gamification.watcher"

    static let template = TestDatabase.Template(schema: PostgresLog.schema, [PostgresLog.migrations])
        .adding(schema: "user", [MessagingMigrations.service, MigrationHistory(component: "user", [account])])
        .adding(
            schema: "gamification",
            [MessagingMigrations.service, MigrationHistory(component: "gamification", [ledger])])

    private static let account = Migration(
        id: "account", sql: "create table account (id text primary key, email text not null)")
    /// No rule keeps an event from counting twice: that is the inbox's work.
    private static let ledger = Migration(
        id: "ledger",
        sql: """
            create table ledger (
                turn bigint generated always as identity, user_id text not null, event_id text not null,
                detail text not null, correlation_id text, causation_id text, is_replay boolean not null default false);
            """)

    static func with(_ body: @escaping @Sendable (TestHub) async throws -> Void) async throws {
        try await TestDatabase.with(template) { test in
            let hub = try await TestHub(test)
            do {
                try await hub.running([hub.log.run]) { try await body(hub) }
            } catch {
                await hub.close()
                throw error
            }
            await hub.close()
        }
    }

    private init(_ test: TestDatabase) async throws {
        self.test = test
        lines = LogRecorder()
        logger = Logger(label: "test", level: .debug, sink: lines)
        user = test.connect(.init(schema: "user"))
        gamification = test.connect(.init(schema: "gamification"))
        let registry = InMemorySchemaRegistry()
        codec = EventCodec(registry: registry)
        try await codec.prepare([UserRegistered.self, PointsAwarded.self, UserDeleted.self])
        outbox = Outbox(service: .user, codec: codec)
        receiverOutbox = Outbox(service: .gamification, codec: codec)
        log = PostgresLog(
            database: test.connect(.init(schema: PostgresLog.schema)), loops: TestLoops.shared, logger: logger)
        try await log.make(
            [TopicSettings(.userRegistered), TopicSettings(.pointsAwarded), TopicSettings(.userDeleted)]
                + [Self.group, Self.watcher].flatMap {
                    [TopicSettings(deadLettersOf: $0), TopicSettings(redriveFor: $0)]
                })
    }

    func close() async {
        await user.close()
        await gamification.close()
    }

    // MARK: Parts

    func relay(limits: RelayLimits = .init(), on database: Database? = nil, log other: (any EventLog)? = nil) -> Relay {
        // A debug build takes its time with a row.
        var limits = limits
        limits.batchCountMax = min(limits.batchCountMax, 100)
        return Relay(
            outbox: outbox, database: database ?? user, log: other ?? log, loops: TestLoops.shared, limits: limits,
            logger: logger, metrics: metrics)
    }

    func consumer(
        group: ConsumerGroup = Self.group, _ handlers: [Handler], limits: ConsumerLimits = .init(),
        outbox: Outbox? = nil, as process: TestProcess? = nil, log other: (any EventLog)? = nil,
        logLevel: LogLevel = .debug
    ) -> Consumer {
        var policy = RetryPolicy()
        policy.attemptsMax = 3
        policy.delayBase = .milliseconds(1)
        policy.delayMax = .milliseconds(5)
        policy.dependencyDelayMax = .milliseconds(20)
        policy.storeDelayMax = .milliseconds(20)
        return Consumer(
            group: group, handlers: handlers, outbox: outbox ?? receiverOutbox,
            database: process?.gamification ?? gamification,
            log: other ?? process?.log ?? log, codec: codec, loops: process?.loops ?? TestLoops.shared, policy: policy,
            limits: limits,
            logger: Logger(label: "test", level: logLevel, sink: lines), metrics: metrics)
    }

    /// A consumer, and the relay of its service: dead letters leave by it.
    func consuming(
        group: ConsumerGroup = Self.group, _ handlers: [Handler], limits: ConsumerLimits = .init()
    ) -> @Sendable () async throws -> Void {
        // As each process has one: its bell wakes one relay.
        let outbox = Outbox(service: .gamification, codec: codec)
        let consumer = consumer(group: group, handlers, limits: limits, outbox: outbox)
        let relay = Relay(
            outbox: outbox, database: gamification, log: log, loops: TestLoops.shared, logger: logger,
            metrics: metrics)
        return {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await consumer.run() }
                group.addTask { try await relay.run() }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    var deadLetters: DeadLetters {
        DeadLetters(log: log, database: user, groups: [Self.group, Self.watcher]) { WallClock.date }
    }

    /// Runs services beside `body` and ends them after it.
    func running(
        _ services: [@Sendable () async throws -> Void], _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try? await service() } }
            defer { group.cancelAll() }
            try await body()
        }
    }

    // MARK: What happens

    /// Registers a person: the account's row and the event, in one transaction.
    @discardableResult
    func register(_ user: UserID, email: String = "ada@example.org") async throws -> EventID {
        try await self.user.transaction { tx in
            _ = try await tx.execute(
                "insert into account (id, email) values (\(user.rawValue), \(email)) on conflict do nothing")
            return try outbox.append(Self.registered(user, email: email), on: tx)
        }
    }

    static func registered(_ user: UserID, email: String = "ada@example.org") -> UserRegistered {
        UserRegistered(
            userID: user, email: email, firstName: "Ada", lastName: "Lovelace", role: .student,
            registeredAt: Date(timeIntervalSince1970: 1_700_000_000))
    }

    static func user(_ number: Int) -> UserID { UserID(checked: "usr_\(number)") }

    /// A record as the relay would append it, with an event id of one's own.
    func record(_ user: UserID, eventID: EventID, email: String = "ada@example.org") throws -> NewRecord {
        let envelope = Envelope(
            eventID: eventID, timestamp: Date(timeIntervalSince1970: 1_700_000_000),
            data: Self.registered(user, email: email),
            metadata: Metadata(
                correlationID: CorrelationID(checked: "req_test"), source: "user-service",
                traceID: "4bf92f3577b34da6a3ce929d0e0e4736"))
        return NewRecord(
            topic: Topic.userRegistered.name, key: user.rawValue,
            headers: [
                RecordHeader(HeaderName.eventID, eventID.rawValue),
                RecordHeader(HeaderName.eventType, Topic.userRegistered.name),
                RecordHeader(HeaderName.correlationID, "req_test"),
                RecordHeader(HeaderName.traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ], value: try codec.encode(envelope))
    }

    // MARK: What is seen

    struct Entry: Sendable, Equatable {
        var user: String
        var event: String
        var detail: String
    }

    /// The ledger in the order it was written.
    func ledger() async throws -> [Entry] {
        let rows = try await gamification.query("select user_id, event_id, detail from ledger order by turn")
        return try rows.map { row in
            let (user, event, detail) = try row.decode(String.self, String.self, String.self)
            return Entry(user: user, event: event, detail: detail)
        }
    }

    func count(_ table: String, in database: Database? = nil) async throws -> Int {
        let rows = try await (database ?? gamification).query("select count(*) from \(raw: table)")
        return try rows[0].decode(Int.self)
    }

    /// Everything in a topic, by partition and offset.
    func records(of topic: String) async throws -> [LogRecord] {
        var records: [LogRecord] = []
        try await log.forEachBatch(of: try await log.watermarks(of: topic)) { records += $0.records }
        return records.sorted { $0.position < $1.position }
    }

    /// Events the group has not dealt with, and dead letters on their way to the log; nil before it has begun.
    func lag(of group: ConsumerGroup = Self.group) async throws -> Int64? {
        let rows = try await gamification.query(
            "select topic, partition, next_offset from consumer_position where consumer_group = \(group.rawValue)")
        if rows.isEmpty { return nil }
        var lag = Int64(try await count("outbox"))
        for row in rows {
            let (topic, partition, next) = try row.decode(String.self, Int32.self, Int64?.self)
            let range = try await log.watermarks(of: topic)[TopicPartition(topic, Int(partition))] ?? 0..<0
            lag += range.upperBound - max(next ?? range.lowerBound, range.lowerBound)
        }
        // A partition that nobody has taken yet.
        let partitions = try await log.positions(of: [group.rawValue]).count
        return rows.count < partitions || partitions == 0 ? nil : lag
    }

    /// Makes the group read everything again.
    func rewind(_ group: ConsumerGroup = Self.group) async throws {
        let marks = try await log.watermarks(of: "user.registered")
        try await ConsumerPositions(of: group, in: gamification).reset(to: marks.mapValues(\.lowerBound), on: log)
    }
}

extension Handler {
    /// Writes a row into the ledger.
    static let ledger = Handler(name: "writeLedgerOnUserRegistered", on: UserRegistered.self) { received, tx in
        try await TestHub.write(received, tx)
    }
}

extension TestHub {
    @Sendable static func write(_ received: Received<UserRegistered>, _ tx: Transaction) async throws {
        let trace = TraceContext.current
        _ = try await tx.execute(
            """
            insert into ledger (user_id, event_id, detail, correlation_id, causation_id, is_replay)
            values (\(received.event.userID.rawValue), \(received.eventID.rawValue), \(received.event.email),
                \(trace?.correlationID ?? ""), \(trace?.causationID ?? ""), \(received.isReplay))
            """)
    }
}
