public import Contracts
public import EventLoop
internal import Foundation
public import HTTP
public import HubTesting
@testable internal import Messaging
public import Observability
@testable public import Platform
public import Postgres
internal import SchemaRegistry

/// A service on a database of its own: its routes are called without a socket, its handlers without a log.
///
/// ```swift
/// try await TestService<UserService>.with { users in
///     let answer = try await users.send(.post, "/auth/register", json: "{…}")
///     #expect(try await users.published(UserRegistered.self).count == 1)
/// }
/// ```
public struct TestService<Service: HubService>: Sendable {
    public let service: Service
    public let context: ServiceContext
    public let clock: TestClock
    public let log: LogRecorder
    public let router: Router
    private let codec: EventCodec

    public var database: Database { context.database }

    /// The service's schema as the host prepares it.
    public static var template: TestDatabase.Template {
        TestDatabase.Template(schema: Service.name.rawValue, Service.histories)
    }

    /// Runs `body` with a service of its own.
    /// - Parameters:
    ///   - settings: by name, as in the environment.
    ///   - directory: where the service finds the others.
    public static func with(
        settings: [String: String] = [:], clock: TestClock = TestClock(), directory: ServiceDirectory = .init(),
        _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await TestDatabase.with(template) { test in
            let started = try await TestService(on: test, settings: settings, clock: clock, directory: directory)
            try await body(started)
            await started.context.http.close()
        }
    }

    /// The service on a database made from ``template``.
    /// - Parameter pool: threads for what blocks; nil for those all tests share.
    public init(
        on test: TestDatabase, settings: [String: String] = [:], clock: TestClock = TestClock(),
        directory: ServiceDirectory = .init(), pool: BlockingPool? = nil
    ) async throws {
        let codec = EventCodec(registry: InMemorySchemaRegistry())
        try await codec.prepare(EventCatalogue.all)
        let log = LogRecorder()
        let context = ServiceContext(
            name: Service.name, settings: try Settings(environment: settings), loops: TestLoops.shared,
            blockingPool: try pool ?? sharedPool.get(), database: test.database,
            outbox: Outbox(service: Service.name, codec: codec, now: { clock.now }),
            http: HTTPClient(loops: TestLoops.shared), services: directory,
            seal: try IdentitySeal(secret: "a secret for tests alone") {
                Int64(clock.now.timeIntervalSince1970 * 1_000)
            },
            logger: Logger(label: Service.name.rawValue, sink: log), metrics: Metrics(), clock: { clock.now },
            uptime: { clock.uptime })
        service = try await Service(context)
        var routes = Routes(context)
        service.addRoutes(to: &routes)
        router = routes.router
        self.context = context
        self.clock = clock
        self.log = log
        self.codec = codec
    }

    /// Calls a route as the gateway would, on behalf of `identity`.
    /// - Parameter identity: nil for a request that did not come through the gateway.
    public func send(
        _ method: HTTPMethod, _ target: String, as identity: Identity? = .anonymous, json: String? = nil,
        fields: HTTPFields = [:]
    ) async throws -> TestAnswer {
        var fields = fields
        if let identity {
            fields[IdentitySeal.fieldName] = context.seal.header(
                for: identity, method: method.rawValue, target: target)
        }
        if json != nil { fields["content-type"] = "application/json" }
        let request = HTTPRequest(method, target, fields: fields, body: json.map { .text($0) } ?? .empty)
        return try await TestAnswer(await router.respond(to: request))
    }

    /// The events of a type that the service has put out, in order.
    public func published<E: Event>(_ type: E.Type) async throws -> [Envelope<E>] {
        let rows = try await database.query("select value from outbox where topic = \(E.topic.name) order by id")
        var envelopes: [Envelope<E>] = []
        for row in rows { envelopes.append(try await codec.decode(try row.decode([UInt8].self), as: E.self)) }
        return envelopes
    }

    /// Hands an event to the service's handlers in one transaction with the inbox, as its consumer does.
    /// - Parameter id: the same id again is the same event delivered again.
    /// - Returns: whether it was new.
    @discardableResult
    public func deliver<E: Event>(_ event: E, id: EventID? = nil) async throws -> Bool {
        let envelope = Envelope(
            eventID: id ?? .make(at: clock.now), timestamp: clock.now, data: event,
            metadata: Metadata(
                correlationID: try CorrelationID(validating: "req_test"), source: "test-service",
                traceID: String(repeating: "1", count: 32)))
        let record = LogRecord(
            position: LogPosition(TopicPartition(E.topic.name, 0), 0), key: event.key, headers: [],
            value: try codec.encode(envelope), time: clock.now)
        let processor = EventProcessor(
            group: ConsumerGroup(Service.name), handlers: service.handlers, database: database, codec: codec)
        guard let prepared = try await processor.prepare(record) else { throw NoHandler() }
        return try await processor.handle([prepared], attempt: 1) == 1
    }
}

private let sharedPool = Result { try BlockingPool(name: "test-work", threadCount: 2, queueCountMax: 10_000) }

/// The service has no handler for an event that was delivered to it.
public struct NoHandler: Error {}
