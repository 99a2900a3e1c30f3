internal import Contracts
internal import EventLoop
internal import HTTP
internal import Messaging
internal import Observability
internal import Postgres

/// A running service: its server, its relay, its consumers and its background work.
struct RunningService: Sendable {
    let name: ServiceName
    let port: Int
    private let service: any HubService
    /// Serves the gateway's metrics and checks, which its public port hides.
    let privatePort: Int?
    private let servers: [HTTPServer]
    private let supervisor: Supervisor
    private let context: ServiceContext

    static func start(_ type: any HubService.Type, _ parts: HubParts) async throws -> RunningService {
        let context = try await parts.context(for: type)
        do {
            return try await start(type, parts, context)
        } catch {
            await context.database.close()
            throw error
        }
    }

    private static func start(
        _ type: any HubService.Type, _ parts: HubParts, _ context: ServiceContext
    ) async throws -> RunningService {
        let service = try await type.init(context)
        let host = try parts.settings.value(PlatformSettings.host(of: type.name))
        let health = health(of: service, type, context, parts.healthChecks)
        let (server, port) = try await listen(
            type.name, parts, host: host, port: try parts.settings.value(PlatformSettings.port(of: type.name)),
            router(of: service, context, health))
        var servers = [server], privatePort: Int?
        if type.name == .gateway {
            do {
                let (server, privately) = try await startPrivateSide(parts, health, after: port)
                servers.append(server)
                privatePort = privately
            } catch {
                await server.drain(within: .zero)
                throw error
            }
        }
        parts.directory[type.name] = ServiceDirectory.url(host: host, port: port)
        let supervisor = Supervisor(loops: parts.loops, logger: context.logger)
        startEvents(of: service, type, parts, context, supervisor)
        for work in service.background { supervisor.start(work.name, work.run) }
        if type.histories.contains(PlatformMigrations.service) {
            let runner = TaskRunner(service.tasks, jobs: service.jobs + upkeep(context, parts.log), context)
            supervisor.start("tasks of \(type.name)") { try await runner.run() }
        }
        return RunningService(
            name: type.name, port: port, service: service, privatePort: privatePort, servers: servers,
            supervisor: supervisor, context: context)
    }

    private static func listen(
        _ name: ServiceName, _ parts: HubParts, host: String, port: Int, _ router: Router
    ) async throws -> (HTTPServer, Int) {
        var limits = ServerLimits.configuration(of: name, descriptorsMax: ServerLimits.raiseDescriptors())
        (limits.host, limits.port) = (host, port)
        if name == .gateway, let proxies = try parts.settings.optional(PlatformSettings.trustedProxies) {
            limits.trustedProxies = proxies.ranges
        }
        let server = HTTPServer(configuration: limits, loops: parts.loops, router: router)
        do {
            return (server, try await server.start())
        } catch {
            throw StartError(error, of: name, on: host, port: port)
        }
    }

    /// The gateway's operator pages, on a port for operators only.
    private static func startPrivateSide(
        _ parts: HubParts, _ health: HealthRoutes, after publicPort: Int
    ) async throws -> (HTTPServer, Int) {
        let isAnyPort = try parts.settings.value(PlatformSettings.port(of: .gateway)) == 0
        let usual = isAnyPort ? 0 : publicPort + PlatformSettings.gatewayPrivatePortOffset
        var router = Router()
        health.add(to: &router, for: .operators)
        return try await listen(
            .gateway, parts, host: try parts.settings.value(PlatformSettings.serviceHost),
            port: try parts.settings.optional(PlatformSettings.gatewayPrivatePort) ?? usual, router)
    }

    /// Every service's cleanup.
    private static func upkeep(_ context: ServiceContext, _ log: any EventLog) -> [Job] {
        let database = context.database
        let (logger, clock) = (context.logger, context.clock)
        let messages = MessagingUpkeep(of: context.name, in: database)
        return [
            Job("forget handled events", every: .seconds(60)) { try await messages.forgetHandled() },
            Job("forget refused events", every: .seconds(3_600)) {
                let count = try await messages.forgetRefused()
                if count > 0 {
                    logger.error(
                        "events that the log refused were deleted after their retention time", [.count: LogValue(count)]
                    )
                }
            },
            Job("forget old records", every: .seconds(3_600)) {
                let count = try await messages.forgetRecords(of: log, at: clock())
                if count > 0 {
                    logger.info("records older than the retention time were deleted", [.count: LogValue(count)])
                }
            },
            Job("forget idempotency keys", every: .seconds(3_600)) {
                try await IdempotencyKeys.removeExpired(on: database)
            },
            Job("forget tasks", every: .seconds(3_600)) { try await TaskStore().removeOld(TaskLimits(), in: database) },
        ]
    }

    /// - Parameter shared: checks of the parts that all services of the process share.
    static func health(
        of service: any HubService, _ type: any HubService.Type, _ context: ServiceContext, _ shared: [HealthCheck] = []
    ) -> HealthRoutes {
        let database = context.database
        let checks =
            [
                HealthCheck("database") { try await database.check() },
                HealthCheck(HealthCheck.stoppedPartitions, isVital: false) {
                    try context.outages.stopped.check(type.name)
                },
            ] + shared + service.healthChecks
        var measures: [HealthCheck] = []
        if type.histories.contains(MessagingMigrations.service) {
            let backlog = OutboxBacklog(context.metrics, of: database)
            measures.append(HealthCheck("outbox") { try await backlog.measure() })
        }
        return HealthRoutes(context.loops, context.metrics, checks: checks, measures: measures)
    }

    /// All routes of the service: its own router or routes, and health.
    static func router(of service: any HubService, _ context: ServiceContext, _ health: HealthRoutes) -> Router {
        var router =
            service.door
            ?? {
                var routes = Routes(context)
                service.addRoutes(to: &routes)
                if service.erases { Erasures.addRoute(to: &routes, context.database) }
                return routes.router
            }()
        health.add(to: &router, for: context.name == .gateway ? .everybody : .operators)
        return router
    }

    private static func startEvents(
        of service: any HubService, _ type: any HubService.Type, _ parts: HubParts, _ context: ServiceContext,
        _ supervisor: Supervisor
    ) {
        func start(_ name: String, _ work: @escaping @Sendable () async throws -> Void) {
            supervisor.start(name) {
                try await parts.logClaim.wait(on: parts.loops)
                try await work()
            }
        }
        // Dead letters are sent through the outbox too.
        if !type.publishes.isEmpty || !service.groups.isEmpty {
            let relay = Relay(
                outbox: context.outbox, database: context.database, log: parts.log, loops: parts.loops,
                logger: context.logger, outages: context.outages, metrics: context.metrics)
            start("relay of \(type.name)") { try await relay.run() }
        }
        for worker in service.groups {
            let consumer = Consumer(
                group: worker.group, handlers: worker.handlers, outbox: context.outbox, database: context.database,
                log: parts.log, codec: parts.codec, loops: parts.loops, logger: context.logger,
                outages: context.outages,
                metrics: context.metrics)
            start("consumer \(worker.group)") { try await consumer.run() }
        }
        if let tail = service.tail {
            let reader = TailReader(
                tail, log: parts.log, codec: parts.codec, loops: parts.loops, logger: context.logger)
            start("tail of \(type.name)") { try await reader.run() }
        }
    }

    /// - Parameter limit: time for current requests to finish.
    func stop(within limit: Duration) async {
        service.endStreams()
        for server in servers { await server.drain(within: limit) }
        await supervisor.stop()
        await context.database.close()
    }
}
