public import Contracts
public import EventLoop
public import Messaging
public import Observability
public import Postgres
public import SchemaRegistry

/// Storage of a hub: database, event log and schema registry.
public struct HubStore: Sendable {
    public let loops: EventLoopGroup
    public let settings: Settings
    /// As the login of `DATABASE_URL`.
    public let database: Database
    public let log: any EventLog
    public let registry: any SchemaRegistry
    public let codec: EventCodec
    /// For databases of further logins and schemas.
    let url: String

    /// For reading: changes nothing, and allows slow queries. Unless `settings` name the log and the registry, the record of the hub's
    /// last process does.
    /// - Throws: ``SettingsError``; an unreachable database fails at the first query.
    public static func look(_ settings: Settings, _ loops: EventLoopGroup, _ logger: Logger) async throws -> HubStore {
        let url = try settings.value(PlatformSettings.databaseURL).settingText
        let database = Database(
            url: url, loops: loops,
            configuration: .init(
                connectionsPerLoop: 4, statementTimeout: .seconds(60), applicationName: "learning-hub command"))
        do {
            let last = try? await ProcessRecords(database).lastSettings()
            let settings = last.map { settings.completed(by: $0, Self.places) } ?? settings
            let registry: any SchemaRegistry =
                try anotherRegistry(settings, loops) ?? PostgresSchemaRegistry(database: database)
            return HubStore(
                loops: loops, settings: settings, database: database,
                log: try HubLog.look(settings, database, loops, logger), registry: registry,
                codec: EventCodec(registry: registry), url: url)
        } catch {
            await database.close()
            throw error
        }
    }

    /// The settings that locate a hub's events and their schemas.
    public static let places = [KafkaSettings.bootstrapServers.name, PlatformSettings.registryAddresses.name]

    /// For the hub's processes: migrates the schemas of log and registry.
    /// - Throws: ``SettingsError``, ``StartError``.
    public static func prepare(
        _ settings: Settings, _ loops: EventLoopGroup, _ logger: Logger
    ) async throws -> HubStore {
        let url = try settings.value(PlatformSettings.databaseURL).settingText
        let database = Database(
            url: url, loops: loops,
            configuration: .init(
                connectionsPerLoop: ConnectionBudget.ofHubPerLoop, applicationName: "learning-hub"))
        do {
            let registry: any SchemaRegistry
            if let another = try anotherRegistry(settings, loops) {
                try await another.checkIDs(ofRegistryIn: database)
                registry = another
            } else {
                registry = try await ownRegistry(database, url, loops)
            }
            try await database.migrate([RequestLog.migrations], schema: RequestLog.schema)
            let codec = EventCodec(registry: registry)
            try await codec.prepare(EventCatalogue.all)
            try await database.migrate([ProcessRecords.migrations], schema: ProcessRecords.schema)
            return HubStore(
                loops: loops, settings: settings, database: database,
                log: try await HubLog.prepare(settings, owner: database, url, loops, logger), registry: registry,
                codec: codec, url: url)
        } catch {
            await database.close()
            switch error {
            case let error as PostgresError: throw StartError.database(error.description)
            case let error as SchemaRegistryError: throw StartError.registry(error.description)
            case let error as RegistryRefusal: throw StartError.registry(error.description)
            default: throw error
            }
        }
    }

    /// nil to use the hub's own.
    private static func anotherRegistry(
        _ settings: Settings, _ loops: EventLoopGroup
    ) throws -> ConfluentSchemaRegistry? {
        guard let addresses = try settings.optional(PlatformSettings.registryAddresses) else { return nil }
        return ConfluentSchemaRegistry(
            addresses, userInfo: try settings.optional(PlatformSettings.registryUserInfo), loops: loops)
    }

    private static func ownRegistry(
        _ owner: Database, _ url: String, _ loops: EventLoopGroup
    ) async throws -> PostgresSchemaRegistry {
        let schema = ServiceSchema(name: PostgresSchemaRegistry.schema)
        let role = try await schema.prepare([PostgresSchemaRegistry.migrations], as: owner)
        return PostgresSchemaRegistry(
            database: Database(
                url: url, loops: loops,
                configuration: .init(
                    connectionsPerLoop: ConnectionBudget.ofRegistryPerLoop, applicationName: "hub-registry",
                    schema: schema.name, role: role)))
    }

    /// Applies the catalogue to the log's topics, except changes that would lose records or move unread keys.
    /// - Parameter forced: includes those changes, but no impossible ones.
    /// - Returns: the changes done, and those left.
    public func applyTopics(forced: Bool = false) async throws -> (done: [TopicChange], left: [TopicChange]) {
        let changes = try await log.plan(TopicSettings.catalogue)
        let isDone = { (change: TopicChange) in change.hazard == nil || (forced && change.hazard != .impossible) }
        let done = changes.filter(isDone)
        if !done.isEmpty { try await log.apply(done) }
        return (done, changes.filter { !isDone($0) })
    }

    /// Nil when requests are not recorded.
    func requestLog(_ settings: Settings, _ logger: Logger) throws -> RequestLog? {
        var limits = RequestLog.Limits()
        let mebibytes = try settings.value(PlatformSettings.requestLogMebibytes)
        if mebibytes <= 0 { return nil }
        limits.keptBytesMax = min(mebibytes, 1024 * 1024) * 1024 * 1024
        return RequestLog(database: database, loops: loops, limits: limits, logger: logger)
    }

    /// A service's schema of the database, as the login of `DATABASE_URL`. The caller closes it.
    public func database(of service: ServiceName) -> Database {
        Database(
            url: url, loops: loops,
            configuration: .init(
                connectionsPerLoop: 1, statementTimeout: .seconds(60), applicationName: "learning-hub command",
                schema: ServiceSchema(service).name))
    }

    public func close() async {
        await log.close()
        await database.close()
    }
}
