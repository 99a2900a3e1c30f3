#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
internal import Contracts
public import EventLoop
public import HTTP
public import Messaging
public import Observability
public import Postgres
public import SchemaRegistry

/// What the services of a process stand on: loops, the log, the schema registry, the way to each other.
public struct HubParts: Sendable {
    public let settings: Settings
    public let loops: EventLoopGroup
    public let blockingPool: BlockingPool
    /// As the login of `DATABASE_URL`; for preparing schemas and for the operator's commands.
    public let owner: Database
    public let log: any EventLog
    public let codec: EventCodec
    public let http: HTTPClient
    public let directory: ServiceDirectory
    public let seal: IdentitySeal
    public let logger: Logger
    public let clock: @Sendable () -> Date
    let sink: any LogSink
    let level: LogLevel
    let databaseURL: String
    let drainTime: Duration

    /// Connects, and brings the schemas of the log and of the registry, and the topics, up to date.
    /// - Throws: ``SettingsError``, ``StartError``.
    public static func open(
        _ settings: Settings, sink: any LogSink = LogWriter.standardError
    ) async throws -> HubParts {
        let url = try settings.value(PlatformSettings.databaseURL).settingText
        let level = try settings.value(PlatformSettings.logLevel)
        let clock: @Sendable () -> Date = { WallClock.date }
        let seal = try IdentitySeal(secret: try settings.value(PlatformSettings.identitySecret)) {
            WallClock.millisecondsSinceEpoch
        }
        let loops = try EventLoopGroup(count: try settings.value(PlatformSettings.loopCount))
        let logger = Logger(label: "hub", level: level, sink: sink)
        let owner = Database(
            url: url, loops: loops,
            // A database that is started together with the hub may come up a little later.
            configuration: .init(
                connectionsPerLoop: 4, outageGrace: .seconds(5), applicationName: "learning-hub"))
        let directory = ServiceDirectory()
        for name in ServiceName.all { directory[name] = try settings.value(PlatformSettings.url(of: name)) }
        do {
            let registry = try await Self.registry(owner, url, loops)
            let codec = EventCodec(registry: registry)
            try await codec.prepare(EventCatalogue.all)
            let log = try await Self.log(owner, url, loops, logger)
            return HubParts(
                settings: settings, loops: loops,
                blockingPool: try BlockingPool(name: "hub-work", threadCount: 2, queueCountMax: 1_000), owner: owner,
                log: log, codec: codec, http: HTTPClient(loops: loops), directory: directory, seal: seal,
                logger: logger, clock: clock, sink: sink, level: level, databaseURL: url,
                drainTime: try settings.value(PlatformSettings.drainTime))
        } catch {
            await owner.close()
            guard let error = error as? PostgresError else { throw error }
            throw StartError.database(error.description)
        }
    }

    private static func registry(
        _ owner: Database, _ url: String, _ loops: EventLoopGroup
    ) async throws -> PostgresSchemaRegistry {
        let schema = ServiceSchema(name: PostgresSchemaRegistry.schema)
        let role = try await schema.prepare([PostgresSchemaRegistry.migrations], as: owner)
        return PostgresSchemaRegistry(
            database: Database(
                url: url, loops: loops,
                configuration: .init(
                    connectionsPerLoop: 2, applicationName: "hub-registry", schema: schema.name, role: role)))
    }

    private static func log(
        _ owner: Database, _ url: String, _ loops: EventLoopGroup, _ logger: Logger
    ) async throws -> PostgresLog {
        let schema = ServiceSchema(name: PostgresLog.schema)
        let role = try await schema.prepare([PostgresLog.migrations], as: owner)
        let database = Database(
            url: url, loops: loops,
            configuration: .init(connectionsPerLoop: 8, applicationName: "hub-log", schema: schema.name, role: role))
        let log = PostgresLog(database: database, loops: loops, logger: logger)
        try await log.apply((TopicCatalogue.all + TopicCatalogue.deadLetters).map { TopicSettings($0) })
        return log
    }

    /// What a service is given, its schema brought up to date.
    func context(for type: any HubService.Type) async throws -> ServiceContext {
        let name = type.name
        let schema = ServiceSchema(name)
        let role = try await schema.prepare(type.histories, as: owner)
        return ServiceContext(
            name: name, settings: settings, loops: loops, blockingPool: blockingPool,
            database: Database(
                url: databaseURL, loops: loops,
                configuration: .init(applicationName: "hub-\(name)", schema: schema.name, role: role)),
            outbox: Outbox(service: name, codec: codec, now: clock), http: http, services: directory, seal: seal,
            logger: Logger(label: name.rawValue, level: level, sink: sink), metrics: Metrics(), clock: clock,
            uptime: { .now })
    }

    /// Removes what is older than its topic's retention, once an hour.
    func keepRetention() async throws {
        while true {
            let removed = try await log.enforceRetention(at: clock())
            if removed > 0 { logger.info("records past their retention removed", [.count: LogValue(removed)]) }
            try await loops.next().sleep(for: .seconds(3_600))
        }
    }

    public func close() async {
        await http.close()
        await owner.close()
        blockingPool.shutdown()
        logger.flush()
    }
}
