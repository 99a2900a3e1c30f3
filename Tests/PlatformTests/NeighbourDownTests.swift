import Contracts
import EventLoop
import Foundation
import HTTP
import HubTesting
import Messaging
import Observability
import Postgres
import SchemaRegistry
import ServiceTesting
import Testing

@testable import Platform

/// A consumer on a log, one of whose handlers asks another service.
private struct AskingHub: Sendable {
    static let group = ConsumerGroup.gamification
    private static let template = TestDatabase.Template(schema: PostgresLog.schema, [PostgresLog.migrations])
        .adding(
            schema: "gamification",
            [
                MessagingMigrations.service,
                MigrationHistory(
                    component: "gamification",
                    [Migration(id: "ledger", sql: "create table ledger (turn bigserial, topic text, user_id text)")]),
            ])

    let log: PostgresLog
    let context: ServiceContext
    let clock = TestClock(goesOn: true)
    let directory = ServiceDirectory()
    let asked = Tally()
    private let codec = EventCodec(registry: InMemorySchemaRegistry())

    static func with(_ body: @escaping @Sendable (AskingHub) async throws -> Void) async throws {
        try await TestDatabase.with(template) { test in
            let hub = try await AskingHub(test)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await hub.log.run() }
                group.addTask { try? await hub.consumer.run() }
                defer { group.cancelAll() }
                try await body(hub)
            }
            await hub.context.http.close()
        }
    }

    private init(_ test: TestDatabase) async throws {
        log = PostgresLog(
            database: test.connect(.init(schema: PostgresLog.schema)), loops: TestLoops.shared,
            logger: Logger(label: "log", sink: LogRecorder()))
        context = try ServiceContext.make(
            .gamification, on: test.database, clock: clock, directory: directory, codec: codec)
        try await codec.prepare([UserRegistered.self, UserDeleted.self])
        try await log.make(
            [TopicSettings(.userRegistered), TopicSettings(.userDeleted)]
                + [TopicSettings(deadLettersOf: Self.group), TopicSettings(redriveFor: Self.group)])
    }

    private var consumer: Consumer {
        let client = ServiceClient(context), asked = asked
        let asking = Handler(name: "askUserOnUserRegistered", on: UserRegistered.self) { received, tx in
            if received.event.userID.rawValue == "usr_asked" {
                asked.add()
                _ = try await client.call(.user, .get, "/internal/things/\(received.event.userID)")
            }
            try await Self.note(received.event.userID, UserRegistered.topic, tx)
        }
        let other = Handler(name: "noteOnUserDeleted", on: UserDeleted.self) { received, tx in
            try await Self.note(received.event.userID, UserDeleted.topic, tx)
        }
        var policy = RetryPolicy()
        policy.attemptsMax = 2
        policy.delayBase = .milliseconds(1)
        policy.dependencyDelayMax = .milliseconds(20)
        return Consumer(
            group: Self.group, handlers: [asking, other], outbox: context.outbox, database: context.database, log: log,
            codec: codec, loops: TestLoops.shared, policy: policy, logger: context.logger, metrics: context.metrics)
    }

    private static func note(_ user: UserID, _ topic: Topic, _ tx: Transaction) async throws {
        try await tx.execute("insert into ledger (topic, user_id) values (\(topic.name), \(user.rawValue))")
    }

    /// Appends an event of a person.
    func append<E: Event>(_ event: E) async throws {
        let envelope = Envelope(
            eventID: .make(at: clock.now), timestamp: clock.now, data: event,
            metadata: Metadata(
                correlationID: CorrelationID(checked: "req_test"), source: "user-service",
                traceID: String(repeating: "1", count: 32)))
        let record = NewRecord(topic: E.topic.name, key: event.key, headers: [], value: try codec.encode(envelope))
        let outcomes = await log.append([record], within: .seconds(60))
        guard case .accepted? = outcomes.first else { throw NotAppended() }
    }

    func register(_ user: UserID) async throws {
        try await append(
            UserRegistered(
                userID: user, email: "a@example.org", firstName: "", lastName: "", role: .student,
                registeredAt: clock.now))
    }

    /// What was handled of a topic, in order.
    func ledger(_ topic: Topic = UserRegistered.topic) async throws -> [String] {
        try await context.database.query("select user_id from ledger where topic = \(topic.name) order by turn")
            .map { try $0.decode(String.self) }
    }

    /// Dead letters on their way: no relay takes them.
    func deadLetterCount() async throws -> Int {
        try await context.database.query("select count(*) from outbox").first?.decode(Int.self) ?? -1
    }

    private struct NotAppended: Error {}
}

@Suite struct NeighbourDownTests {
    @Test
    func
        `an event whose handler asks a service that is down waits for it, holds up its partition alone, and is handled once`()
        async throws
    {
        try await AskingHub.with { hub in
            let asked = UserID(checked: "usr_asked")
            // Nobody listens there any more.
            let gone = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: Router())
            hub.directory[.user] = ServiceDirectory.url(host: "127.0.0.1", port: try await gone.start())
            await gone.drain(within: .zero)

            try await hub.register(asked)
            try await hub.register(asked)
            // Far more often than a transient failure would be tried.
            try await eventually { hub.asked.value >= 8 }
            let others = (0..<20).map { UserID(checked: "usr_\($0)") }
            for user in others { try await hub.register(user) }
            try await hub.append(UserDeleted(userID: asked, deletedAt: hub.clock.now))
            try await eventually { try await hub.ledger(UserDeleted.topic) == [asked.rawValue] }
            // All but those behind it in its partition.
            try await eventually { try await hub.ledger().count >= 10 }
            #expect(try await hub.deadLetterCount() == 0)
            #expect(try await !hub.ledger().contains(asked.rawValue))
            let paused = "consumer_partitions_paused{group=\"gamification\"} 1"
            #expect(hub.context.metrics.prometheusText().contains(paused))

            try await Neighbours.with([.user], in: hub.directory, clock: hub.clock) { routes in
                routes.get("/internal/things/{id}", .service(.gamification)) { _ in .noContent }
            } _: {
                try await eventually { try await hub.ledger().count == 22 }
            }
            let handled = try await hub.ledger()
            #expect(handled.filter { $0 == asked.rawValue }.count == 2)
            #expect(Set(handled).count == 21)
            #expect(try await hub.deadLetterCount() == 0)
        }
    }
}
