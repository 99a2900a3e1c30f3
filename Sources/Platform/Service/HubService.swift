public import Contracts
public import HTTP
public import Messaging
public import Postgres

/// One of the thirteen services. Its file is its table of contents; the host starts whatever is listed here.
public protocol HubService: Sendable {
    static var name: ServiceName { get }
    /// What it puts into its outbox. What it consumes is said by its ``handlers`` and ``workers``; ``TopicCatalogue`` names both.
    static var publishes: [any Event.Type] { get }
    static var settings: [SettingDeclaration] { get }
    /// In the order they are run in the service's own schema; append-only.
    static var migrations: [Migration] { get }
    /// Everything that makes up the service's schema, in the order it is run. As a rule what every service has, and its migrations.
    static var histories: [MigrationHistory] { get }

    /// Reads the configuration and wires the parts. The schema is up to date by then.
    /// - Throws: ``SettingsError``, and what the start itself needs.
    init(_ context: ServiceContext) async throws

    /// Routes behind the gateway.
    func addRoutes(to routes: inout Routes)

    /// A router of the service's own in place of the routes: for the gateway, which has no gateway before it.
    var door: Router? { get }

    /// What reacts to events, in the group that bears the service's name.
    var handlers: [Handler] { get }

    /// Further groups beside the service's own, each read by a worker that must not hold up the others.
    var workers: [Worker] { get }

    /// What every process of the service sees of the log as it comes in, beside all groups.
    var tail: Tail? { get }

    /// How what the service has enqueued is done.
    var tasks: [TaskHandler] { get }

    /// Work that comes round, on one process of the service at a time.
    var jobs: [Job] { get }

    /// Work that goes on in every process of the service, each until it is cancelled.
    var background: [BackgroundWork] { get }

    /// What must work, beside the database, for the service to be of use.
    var healthChecks: [HealthCheck] { get }

    /// Ends answers that would go on for ever: the process is about to stop.
    func endStreams()
}

extension HubService {
    public static var publishes: [any Event.Type] { [] }
    public static var settings: [SettingDeclaration] { [] }
    public static var migrations: [Migration] { [] }
    public func addRoutes(to routes: inout Routes) {}
    public var door: Router? { nil }
    public var handlers: [Handler] { [] }
    public var workers: [Worker] { [] }
    public var tail: Tail? { nil }
    public var tasks: [TaskHandler] { [] }
    public var jobs: [Job] { [] }
    public var background: [BackgroundWork] { [] }
    public var healthChecks: [HealthCheck] { [] }
    public func endStreams() {}

    /// Every group of the service with its handlers: its own, if it has any, and those of its workers.
    public var groups: [Worker] {
        let own = handlers + (erases ? [Erasures.handler] : [])
        return ([Worker(group: ConsumerGroup(Self.name), handlers: own)] + workers).filter { !$0.handlers.isEmpty }
    }

    /// Whether the service forgets people whose accounts are deleted.
    var erases: Bool { handlers.contains { $0.topic == .userDeleted } }
}

extension HubService {
    public static var histories: [MigrationHistory] {
        [
            MessagingMigrations.service, PlatformMigrations.service,
            MigrationHistory(component: name.rawValue, migrations),
        ]
    }
}

/// A consumer group beside the service's own.
public struct Worker: Sendable {
    public let group: ConsumerGroup
    public let handlers: [Handler]

    public init(group: ConsumerGroup, handlers: [Handler]) {
        self.group = group
        self.handlers = handlers
    }
}

/// Work of a service that no request and no event starts.
public struct BackgroundWork: Sendable {
    let name: String
    let run: @Sendable () async throws -> Void

    /// - Parameter run: goes on until its task is cancelled. When it throws, that is logged and it is started again.
    public init(_ name: String, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }
}
