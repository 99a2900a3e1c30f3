public import Contracts
internal import EventLoop
internal import Foundation
public import HTTP
public import HubTesting
@testable internal import Messaging
internal import ObjectStore
internal import Observability
@testable public import Platform
public import Postgres
public import SchemaRegistry

/// A service on its own database: its routes are called without a socket, its handlers without a log.
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

    /// Runs `body` with a new service.
    /// - Parameters:
    ///   - settings: by name, as in the environment.
    ///   - directory: the addresses of the other services.
    ///   - make: for parts that cannot be set by settings.
    public static func with(
        settings: [String: String] = [:], clock: TestClock = TestClock(), directory: ServiceDirectory = .init(),
        making make: @escaping @Sendable (ServiceContext) async throws -> Service = { try await Service($0) },
        _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await TestDatabase.with(template) { test in
            let started = try await TestService(
                on: test.database, settings: settings, clock: clock, directory: directory, making: make)
            try await body(started)
            await started.context.http.close()
        }
    }

    /// A process of the service on a database made from ``template``.
    public init(
        on database: Database, settings: [String: String] = [:], clock: TestClock = TestClock(),
        directory: ServiceDirectory = .init(),
        making make: @Sendable (ServiceContext) async throws -> Service = { try await Service($0) }
    ) async throws {
        let codec = EventCodec(registry: InMemorySchemaRegistry())
        try await codec.prepare(EventCatalogue.all)
        let log = LogRecorder()
        let context = try ServiceContext.make(
            Service.name, on: database, settings: settings, clock: clock, directory: directory, codec: codec,
            log: log)
        service = try await make(context)
        var routes = Routes(context)
        service.addRoutes(to: &routes)
        if service.erases { Erasures.addRoute(to: &routes, context.database) }
        router = routes.router
        self.context = context
        self.clock = clock
        self.log = log
        self.codec = codec
    }

    /// Calls a route as the gateway would, on behalf of `identity`.
    /// - Parameter identity: nil for a request that does not come from the gateway.
    public func send(
        _ method: HTTPMethod, _ target: String, as identity: Identity? = .anonymous, json: String? = nil,
        fields: HTTPFields = [:]
    ) async throws -> TestAnswer {
        var fields = fields
        if let identity {
            fields[IdentitySeal.fieldName] = context.seal.header(
                for: identity, method: method.rawValue, target: target, body: Array((json ?? "").utf8))
        }
        if json != nil { fields["content-type"] = "application/json" }
        let request = HTTPRequest(method, target, fields: fields, body: json.map { .text($0) } ?? .empty)
        return try await TestAnswer(await router.respond(to: request))
    }

    /// The events of a type that the service has published, in order.
    public func published<E: Event>(_ type: E.Type) async throws -> [Envelope<E>] {
        let rows = try await database.query("select value from outbox where topic = \(E.topic.name) order by id")
        var envelopes: [Envelope<E>] = []
        for row in rows { envelopes.append(try await codec.decode(try row.decode([UInt8].self), as: E.self)) }
        return envelopes
    }

    /// The result of a counting query.
    public func count(_ sql: SQL) async throws -> Int { try await database.query(sql).first?.decode(Int.self) ?? -1 }

    // MARK: Work

    /// Runs due tasks one after the other until none is left.
    /// - Returns: the number of attempts.
    @discardableResult
    public func runTasks() async throws -> Int {
        try await TaskRunner(service.tasks, jobs: [], context).drain()
    }

    /// Runs `body` while the process runs the service's tasks; at the end, running tasks finish.
    /// Only once, because an ended process cannot start again.
    public func working<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        // The test clock does not wake sleeping tasks.
        var limits = TaskLimits()
        limits.pollInterval = .milliseconds(20)
        let runner = TaskRunner(service.tasks, jobs: [], context, limits: limits)
        let work = context.loops.next().start("tasks of \(Service.name)") { try await runner.run() }
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        work.cancel()
        _ = await work.result
        return try outcome.get()
    }

    /// Runs a job of the service, as if it were due.
    public func runJob(_ name: String) async throws {
        guard let job = service.jobs.first(where: { $0.name == name }) else { throw NoSuchJob(name: name) }
        try await job.body()
    }

    // MARK: Events

    /// Delivers an event to the service's handlers in one transaction with the inbox, as its consumer does.
    /// - Parameters:
    ///   - id: a repeated id is a repeated delivery of the same event.
    ///   - isReplay: as in a replay, which has its own inbox and handles earlier events again.
    /// - Returns: whether the event was new.
    @discardableResult
    public func deliver<E: Event>(_ event: E, id: EventID? = nil, isReplay: Bool = false) async throws -> Bool {
        try await handle([record(of: event, id, offset: 0)], isReplay: isReplay) == 1
    }

    /// Delivers events to the handlers in one batch, in this order.
    /// - Returns: the number of new events.
    @discardableResult
    public func deliver(together events: [any Event]) async throws -> Int {
        var records: [LogRecord] = []
        for event in events { records.append(try record(of: event, nil, offset: records.count)) }
        return try await handle(records, isReplay: false)
    }

    private func record<E: Event>(of event: E, _ id: EventID?, offset: Int) throws -> LogRecord {
        let envelope = Envelope(
            eventID: id ?? .make(at: clock.now), timestamp: clock.now, data: event,
            metadata: Metadata(
                correlationID: try CorrelationID(validating: "req_test"), source: "test-service",
                traceID: String(repeating: "1", count: 32)))
        return LogRecord(
            position: LogPosition(TopicPartition(E.topic.name, 0), Int64(offset)), key: Array(event.key.utf8),
            headers: [],
            value: try codec.encode(envelope), time: clock.now)
    }

    private func handle(_ records: [LogRecord], isReplay: Bool) async throws -> Int {
        let topics = Set(records.map(\.position.partition.topic))
        let groups = service.groups.filter { $0.handlers.contains { topics.contains($0.topic.name) } }
        if groups.isEmpty { throw NoHandler() }
        var count = 0
        for group in groups {
            let processor = EventProcessor(
                group: group.group, inboxGroup: isReplay ? "\(group.group).replay-\(EventID.make(at: clock.now))" : nil,
                handlers: group.handlers, database: database, codec: codec, isReplay: isReplay,
                suppressesEvents: isReplay)
            var events: [PreparedEvent] = []
            for record in records { if let event = try await processor.prepare(record) { events.append(event) } }
            if !events.isEmpty { count += try await processor.handle(events) }
        }
        return count
    }
}

extension ServiceContext {
    /// The context of a service, with clocks that the test moves.
    public static func make(
        _ name: ServiceName, on database: Database, settings: [String: String] = [:], clock: TestClock = TestClock(),
        directory: ServiceDirectory = .init(), codec: EventCodec = EventCodec(registry: InMemorySchemaRegistry()),
        log: LogRecorder = LogRecorder()
    ) throws -> ServiceContext {
        let metrics = Metrics(), uptime: Uptime = { clock.uptime }
        let logger = Logger(label: name.rawValue, sink: log)
        return ServiceContext(
            name: name, settings: try Settings(environment: settings), loops: TestLoops.shared,
            blockingPool: try sharedPool.get(), database: database,
            outbox: Outbox(service: name, codec: codec, now: { clock.now }),
            http: HTTPClient(loops: TestLoops.shared), services: directory,
            seal: try .make(clock),
            objects: FolderStore(path: TestObjects.folder(), pool: try sharedPool.get()),
            logger: logger, metrics: metrics,
            cache: Cache(
                nil, outage: OutageLog(logger, failing: "", over: ""), prefix: "test", loops: TestLoops.shared,
                metrics: metrics, uptime: uptime),
            clock: { clock.now }, uptime: uptime)
    }
}

extension IdentitySeal {
    /// Shared by all services of a test.
    static func make(_ clock: TestClock) throws -> IdentitySeal {
        try IdentitySeal(secret: IdentitySecret("a secret for tests alone")) {
            Int64(clock.now.timeIntervalSince1970 * 1_000)
        }
    }
}

private let sharedPool = Result { try BlockingPool(name: "test-work", threadCount: 2, queueCountMax: 10_000) }

/// The service has no job of that name.
public struct NoSuchJob: Error {
    let name: String
}

/// The service has no handler for an event that was delivered to it.
public struct NoHandler: Error {}

/// Folders for the files of services under test, inside one folder that is deleted when the process ends.
private enum TestObjects {
    private static let root: String = {
        let root = NSTemporaryDirectory() + "hub-test-objects-\(ProcessInfo.processInfo.processIdentifier)"
        atexit { try? FileManager.default.removeItem(atPath: TestObjects.root) }
        return root
    }()

    static func folder() -> String { "\(root)/\(UUID().uuidString)" }
}
