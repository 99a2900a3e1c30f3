public import Contracts
public import HTTP
public import Messaging
public import Postgres

/// One of the thirteen services. The host starts everything that its members list.
public protocol HubService: Sendable {
    static var name: ServiceName { get }
    /// Events of its outbox. ``handlers`` and ``workers`` define what it consumes; ``TopicCatalogue`` names both.
    static var publishes: [any Event.Type] { get }
    static var settings: [SettingDeclaration] { get }
    /// In execution order, in the service's own schema; append-only.
    static var migrations: [Migration] { get }
    /// All migration histories of the schema, in execution order. By default those of every service, and ``migrations``.
    static var histories: [MigrationHistory] { get }

    /// Reads the configuration and wires the parts. The schema is up to date by then.
    /// - Throws: ``SettingsError``, and errors of its start.
    init(_ context: ServiceContext) async throws

    /// Routes behind the gateway.
    func addRoutes(to routes: inout Routes)

    /// A router that replaces the routes: for the gateway, which has no gateway in front.
    var door: Router? { get }

    /// Event handlers in the group with the service's name.
    var handlers: [Handler] { get }

    /// Further consumer groups, each read by a worker that does not delay the others.
    var workers: [Worker] { get }

    /// New events that every process of the service reads, outside all groups.
    var tail: Tail? { get }

    /// Handlers of the service's tasks.
    var tasks: [TaskHandler] { get }

    /// Periodic work, in one process of the service at a time.
    var jobs: [Job] { get }

    /// Work that every process of the service runs until it is cancelled.
    var background: [BackgroundWork] { get }

    /// Checks of parts that the service needs, besides the database.
    var healthChecks: [HealthCheck] { get }

    /// Ends endless responses before the process stops.
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

    /// Whether the service erases people whose accounts are deleted.
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

    /// - Parameter run: runs until its task is cancelled. An error is logged, and it is restarted.
    public init(_ name: String, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }
}
