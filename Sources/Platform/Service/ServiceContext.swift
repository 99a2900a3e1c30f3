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

/// The present moment of a clock that nobody sets.
public typealias Uptime = @Sendable () -> ContinuousClock.Instant

/// What a service is given at start: everything outside itself.
public struct ServiceContext: Sendable {
    public let name: ServiceName
    public let settings: Settings
    public let loops: EventLoopGroup
    /// Threads for what blocks or burns.
    public let blockingPool: BlockingPool
    /// The service's own schema, and no other.
    public let database: Database
    public let outbox: Outbox
    public let http: HTTPClient
    public let services: ServiceDirectory
    public let seal: IdentitySeal
    /// Where files are kept. A service's names begin with its own.
    public let objects: any ObjectStore
    /// What the service decides in a transaction and does after it.
    public let tasks: Tasks
    /// What the service keeps for a while, so that it need not be asked for again.
    public let cache: Cache
    public let logger: Logger
    /// Of the process.
    public let outages: MessagingOutages
    /// Where the service's answers are written down.
    public let access: AccessLog
    public let metrics: Metrics
    /// The time of day, which somebody may set: for what is stored, shown or put into a token.
    public let clock: @Sendable () -> Date
    /// Time that only goes forward: for how long something takes or lasts.
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
