#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
internal import Contracts
public import EventLoop
public import HTTP
public import Messaging
public import ObjectStore
public import Observability
internal import Postgres
public import SchemaRegistry

/// What the services of a process stand on: the hub's store, threads, the way to each other.
public struct HubParts: Sendable {
    public let settings: Settings
    public let store: HubStore
    public let blockingPool: BlockingPool
    public let http: HTTPClient
    public let directory: ServiceDirectory
    public let seal: IdentitySeal
    public let objects: any ObjectStore
    public let logger: Logger
    public let clock: @Sendable () -> Date
    let sink: any LogSink
    let level: LogLevel
    let drainTime: Duration

    public var loops: EventLoopGroup { store.loops }
    public var log: any EventLog { store.log }
    public var codec: EventCodec { store.codec }

    /// Connects, and prepares the store.
    /// - Throws: ``SettingsError``, ``StartError``.
    public static func open(
        _ settings: Settings, sink: any LogSink = LogWriter.standardError
    ) async throws -> HubParts {
        let level = try settings.value(PlatformSettings.logLevel)
        let seal = try IdentitySeal(secret: try settings.value(PlatformSettings.identitySecret)) {
            WallClock.millisecondsSinceEpoch
        }
        let drainTime = try settings.value(PlatformSettings.drainTime)
        let directory = ServiceDirectory()
        for name in ServiceName.all + [.sandbox] {
            directory[name] = try settings.value(PlatformSettings.url(of: name))
        }
        let loops = try EventLoopGroup(count: try settings.value(PlatformSettings.loopCount))
        let pool = try BlockingPool(name: "hub-work", threadCount: 2, queueCountMax: 1_000)
        let logger = Logger(label: "hub", level: level, sink: sink)
        let http = HTTPClient(loops: loops)
        let objects = try settings.objects(pool, http) { WallClock.date }
        return HubParts(
            settings: settings, store: try await .prepare(settings, loops, logger), blockingPool: pool,
            http: http, directory: directory, seal: seal, objects: objects, logger: logger, clock: { WallClock.date },
            sink: sink, level: level, drainTime: drainTime)
    }

    /// What a service is given, its schema brought up to date.
    func context(for type: any HubService.Type) async throws -> ServiceContext {
        let name = type.name
        let schema = ServiceSchema(name)
        let role = try await schema.prepare(type.histories, as: store.database)
        return ServiceContext(
            name: name, settings: settings, loops: loops, blockingPool: blockingPool,
            database: Database(
                url: store.url, loops: loops,
                configuration: .init(applicationName: "hub-\(name)", schema: schema.name, role: role)),
            outbox: Outbox(service: name, codec: codec, now: clock), http: http, services: directory, seal: seal,
            objects: objects, logger: Logger(label: name.rawValue, level: level, sink: sink), metrics: Metrics(),
            clock: clock,
            uptime: { .now })
    }

    /// A registry elsewhere: what it told before is known, so services go on without it.
    var healthChecks: [HealthCheck] {
        guard let registry = store.registry as? ConfluentSchemaRegistry else { return [] }
        return [HealthCheck("registry", isVital: false) { try await registry.check() }]
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
        await store.close()
        blockingPool.shutdown()
        logger.flush()
    }
}
