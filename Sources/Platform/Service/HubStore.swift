public import Contracts
public import EventLoop
public import Messaging
public import Observability
public import Postgres
public import SchemaRegistry

/// What a hub keeps: its database, its event log and its schemas.
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

    /// To look at: nothing is changed, and a query over all there is may take its time. Where the log and the registry are, the
    /// processes of the hub say, unless `settings` do.
    /// - Throws: ``SettingsError``; a database that does not answer is found out by the first who asks it.
    public static func look(_ settings: Settings, _ loops: EventLoopGroup, _ logger: Logger) async throws -> HubStore {
        let url = try settings.value(PlatformSettings.databaseURL).settingText
        let database = Database(
            url: url, loops: loops,
            configuration: .init(
                connectionsPerLoop: 4, statementTimeout: .seconds(60), applicationName: "learning-hub command"))
        do {
            let running = try? await ProcessRecords(database).list().first?.settings
            let settings = running.map { settings.completed(by: $0, Self.places) } ?? settings
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

    /// The settings that say where a hub keeps its events and their schemas.
    public static let places = [KafkaSettings.bootstrapServers.name, PlatformSettings.registryAddresses.name]

    /// To work with: brings the schemas of the log and of the registry up to date.
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

    /// nil when the hub's own is to be used.
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

    /// Brings the log's topics to what the catalogue says, but for what would lose records or move keys that are not read yet.
    /// - Parameter forced: does that too; what the log cannot do stays.
    /// - Returns: what was done, and what was not.
    public func applyTopics(forced: Bool = false) async throws -> (done: [TopicChange], left: [TopicChange]) {
        let changes = try await log.plan(TopicSettings.catalogue)
        let isDone = { (change: TopicChange) in change.hazard == nil || (forced && change.hazard != .impossible) }
        let done = changes.filter(isDone)
        if !done.isEmpty { try await log.apply(done) }
        return (done, changes.filter { !isDone($0) })
    }

    /// Nil when requests are not to be kept.
    func requestLog(_ settings: Settings, _ logger: Logger) throws -> RequestLog? {
        var limits = RequestLog.Limits()
        let mebibytes = try settings.value(PlatformSettings.requestLogMebibytes)
        if mebibytes <= 0 { return nil }
        limits.keptBytesMax = min(mebibytes, 1024 * 1024) * 1024 * 1024
        return RequestLog(database: database, loops: loops, limits: limits, logger: logger)
    }

    /// A service's corner of the database, as the login of `DATABASE_URL`. Whoever asks for it closes it.
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
