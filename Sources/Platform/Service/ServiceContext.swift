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
public import Postgres

/// The current time of a monotonic clock.
public typealias Uptime = @Sendable () -> ContinuousClock.Instant

/// The external parts that a service receives at start.
public struct ServiceContext: Sendable {
    public let name: ServiceName
    public let settings: Settings
    public let loops: EventLoopGroup
    /// Runs blocking and CPU-bound work.
    public let blockingPool: BlockingPool
    /// The service's own schema, and no other.
    public let database: Database
    public let outbox: Outbox
    public let http: HTTPClient
    public let services: ServiceDirectory
    public let seal: IdentitySeal
    /// File storage. A service's keys begin with its name.
    public let objects: any ObjectStore
    /// Durable work: enqueued in a transaction, done after it.
    public let tasks: Tasks
    /// Values that the service caches.
    public let cache: Cache
    public let logger: Logger
    /// Process-wide.
    public let outages: MessagingOutages
    /// Records the service's responses.
    public let access: AccessLog
    public let metrics: Metrics
    /// The system clock, which may be set: for stored, displayed and token times.
    public let clock: @Sendable () -> Date
    /// Monotonic time: for durations and lifetimes.
    public let uptime: Uptime

    public init(
        name: ServiceName, settings: Settings, loops: EventLoopGroup, blockingPool: BlockingPool, database: Database,
        outbox: Outbox, http: HTTPClient, services: ServiceDirectory, seal: IdentitySeal, objects: any ObjectStore,
        logger: Logger, metrics: Metrics, cache: Cache, clock: @escaping @Sendable () -> Date, uptime: @escaping Uptime,
        accessLevel: LogLevel = .info, requests: RequestLog? = nil, outages: MessagingOutages? = nil
    ) {
        self.name = name
        self.settings = settings
        self.loops = loops
        self.blockingPool = blockingPool
        self.database = database
        self.outbox = outbox
        self.http = http
        self.services = services
        self.seal = seal
        self.objects = objects
        tasks = Tasks(database, loops, now: clock, uptime: uptime)
        self.logger = logger
        self.outages = outages ?? MessagingOutages(logger)
        access = AccessLog(name, logger: logger, level: accessLevel, requests: requests)
        self.metrics = metrics
        self.cache = cache
        self.clock = clock
        self.uptime = uptime
    }
}
