#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Contracts
public import EventLoop
public import HTTP
public import Messaging
public import ObjectStore
public import Observability
internal import Postgres
internal import Redis
public import SchemaRegistry

/// Shared parts of a process's services: the hub's store, threads, the service directory.
public struct HubParts: Sendable {
    public let settings: Settings
    public let store: HubStore
    public let blockingPool: BlockingPool
    public let http: HTTPClient
    let redis: RedisClient?
    let redisOutage: OutageLog
    public let directory: ServiceDirectory
    public let seal: IdentitySeal
    public let objects: any ObjectStore
    public let logger: Logger
    public let clock: @Sendable () -> Date
    let sink: any LogSink
    let level: LogLevel
    let drainTime: Duration
    let connections: ConnectionBudget
    let requests: RequestLog?
    let outages: MessagingOutages
    let logClaim = LogClaim()
    let accessLevel: LogLevel
    /// The commit of the program, for metrics.
    let commit: String?

    public var loops: EventLoopGroup { store.loops }
    public var log: any EventLog { store.log }
    public var codec: EventCodec { store.codec }

    /// Connects, and prepares the store.
    /// - Parameters:
    ///   - services: they share the process's database connections, and log lines that concern no single service carry their names.
    ///   - commit: of the program; nil when it is not known.
    /// - Throws: ``SettingsError``, ``StartError``.
    public static func open(
        _ settings: Settings, for services: [ServiceName] = [], commit: String? = nil,
        sink: any LogSink = LogWriter.standardError
    ) async throws -> HubParts {
        try settings.require([PlatformSettings.databaseURL.declaration, PlatformSettings.identitySecret.declaration])
        let level = try settings.value(PlatformSettings.logLevel)
        let seal = IdentitySeal(secret: try settings.value(PlatformSettings.identitySecret)) {
            WallClock.millisecondsSinceEpoch
        }
        let drainTime = try settings.value(PlatformSettings.drainTime)
        let directory = ServiceDirectory()
        for name in ServiceName.all + [.sandbox] {
            directory[name] = try settings.url(of: name)
        }
        let loops = try EventLoopGroup(count: try settings.value(PlatformSettings.loopCount))
        let pool = try BlockingPool(name: "hub-work", threadCount: 2, queueCountMax: 1_000)
        let logger = Logger(label: label(of: services), level: level, sink: sink)
        let http = HTTPClient(loops: loops)
        // Files move at the speed of their readers, on separate connections.
        var storing = HTTPClientConfiguration()
        storing.connectionsPerHostMax = 1_024
        let objects = try settings.objects(pool, HTTPClient(loops: loops, configuration: storing)) { WallClock.date }
        let store = try await HubStore.prepare(settings, loops, logger)
        let connections = try ConnectionBudget(
            settings, serviceCount: max(1, services.count),
            allowed: try await ConnectionBudget.allowance(of: store.database))
        return HubParts(
            settings: settings, store: store, blockingPool: pool,
            http: http, redis: try redis(settings, loops),
            redisOutage: OutageLog(
                logger, failing: "Redis does not respond, so nothing is cached", over: "Redis responds again"),
            directory: directory, seal: seal, objects: objects,
            logger: logger, clock: { WallClock.date },
            sink: sink, level: level, drainTime: drainTime, connections: connections,
            requests: try store.requestLog(settings, logger), outages: MessagingOutages(logger),
            accessLevel: try settings.value(PlatformSettings.accessLogLevel), commit: commit)
    }

    /// With all services it is `hub`.
    static func label(of services: [ServiceName]) -> String {
        services.isEmpty || services.count >= ServiceName.all.count
            ? "hub" : services.map(\.rawValue).joined(separator: "+")
    }

    private static func redis(_ settings: Settings, _ loops: EventLoopGroup) throws -> RedisClient? {
        guard let url = try settings.optional(PlatformSettings.redisURL) else { return nil }
        return RedisClient(url, loops: loops, configuration: RedisCacheStore.configuration)
    }

    /// Migrates the schema of a service and makes its context.
    func context(for type: any HubService.Type) async throws -> ServiceContext {
        let name = type.name
        let schema = ServiceSchema(name)
        let role = try await schema.prepare(type.histories, as: store.database)
        let metrics = Metrics()
        ProgramVersion.show(commit: commit, on: metrics)
        let uptime: Uptime = { .now }
        return ServiceContext(
            name: name, settings: settings, loops: loops, blockingPool: blockingPool,
            database: Database(
                url: store.url, loops: loops,
                configuration: .init(
                    connectionsPerLoop: connections.perServiceAndLoop, applicationName: "hub-\(name)",
                    schema: schema.name, role: role)),
            outbox: Outbox(service: name, codec: codec, now: clock), http: http, services: directory, seal: seal,
            objects: objects, logger: Logger(label: name.rawValue, level: level, sink: sink), metrics: metrics,
            cache: Cache(
                redis, outage: redisOutage, prefix: "hub:\(name)", loops: loops, metrics: metrics, uptime: uptime),
            clock: clock,
            uptime: uptime, accessLevel: accessLevel, requests: requests,
            outages: outages)
    }

    /// Checks that are not vital: an external registry, whose known schemas are cached, and Redis.
    var healthChecks: [HealthCheck] {
        var checks: [HealthCheck] = []
        if let registry = store.registry as? ConfluentSchemaRegistry {
            checks.append(HealthCheck("registry", isVital: false) { try await registry.check() })
        }
        if let redis { checks.append(HealthCheck("redis", isVital: false) { _ = try await redis.send(["PING"]) }) }
        return checks
    }

    /// Writes the heartbeat of the process.
    func showLife(_ note: HubProcessNote) async throws {
        let records = ProcessRecords(store.database)
        while true {
            try await loops.next().sleep(for: ProcessRecords.beat)
            try await records.write(note)
        }
    }

    public func close() async {
        // The last attempt: a failure is ignored.
        try? await requests?.write()
        await http.close()
        await redis?.close()
        await store.close()
        blockingPool.shutdown()
        logger.flush()
    }
}
