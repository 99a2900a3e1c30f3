internal import Contracts
internal import EventLoop
internal import HTTP
internal import Messaging
internal import Observability
internal import Postgres

/// A service at work: its server, its relay, its consumers and its background work.
struct RunningService: Sendable {
    let name: ServiceName
    let port: Int
    private let service: any HubService
    private let server: HTTPServer
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
        let wantedPort = try parts.settings.value(PlatformSettings.port(of: type.name))
        let host = try parts.settings.value(PlatformSettings.host(of: type.name))
        var limits = ServerLimits.configuration(of: type.name, descriptorsMax: ServerLimits.raiseDescriptors())
        (limits.host, limits.port) = (host, wantedPort)
        if type.name == .gateway, let proxies = try parts.settings.optional(PlatformSettings.trustedProxies) {
            limits.trustedProxies = proxies.ranges
        }
        let server = HTTPServer(
            configuration: limits, loops: parts.loops, router: router(of: service, context, parts.healthChecks))
        let port: Int
        do {
            port = try await server.start()
        } catch {
            throw StartError(error, of: type.name, on: host, port: wantedPort)
        }
        parts.directory[type.name] = ServiceDirectory.url(host: host, port: port)
        let supervisor = Supervisor(loops: parts.loops, logger: context.logger)
        startEvents(of: service, type, parts, context, supervisor)
        for work in service.background { supervisor.start(work.name, work.run) }
        if type.histories.contains(PlatformMigrations.service) {
            let runner = TaskRunner(service.tasks, jobs: service.jobs + upkeep(context), context)
            supervisor.start("tasks of \(type.name)") { try await runner.run() }
        }
        return RunningService(
            name: type.name, port: port, service: service, server: server, supervisor: supervisor, context: context)
    }

    /// What every service forgets.
    private static func upkeep(_ context: ServiceContext) -> [Job] {
        let database = context.database
        let logger = context.logger
        let messages = MessagingUpkeep(of: context.name, in: database)
        return [
            Job("forget handled events", every: .seconds(60)) { try await messages.forgetHandled() },
            Job("forget refused events", every: .seconds(3_600)) {
                let count = try await messages.forgetRefused()
                if count > 0 { logger.error("refused events removed: they were too old", [.count: LogValue(count)]) }
            },
            Job("forget idempotency keys", every: .seconds(3_600)) {
                try await IdempotencyKeys.removeExpired(on: database)
            },
            Job("forget tasks", every: .seconds(3_600)) { try await TaskStore().removeOld(TaskLimits(), in: database) },
        ]
    }

    /// Everything the service answers: its routes or its door, and its health.
    /// - Parameter shared: what all services of the process stand on, beside their databases.
    static func router(
        of service: any HubService, _ context: ServiceContext, _ shared: [HealthCheck] = []
    ) -> Router {
        var router =
            service.door
            ?? {
                var routes = Routes(context)
                service.addRoutes(to: &routes)
                if service.erases { Erasures.addRoute(to: &routes, context.database) }
                return routes.router
            }()
        let database = context.database
        let checks = [HealthCheck("database") { try await database.check() }] + shared + service.healthChecks
        HealthRoutes(context.loops, context.metrics, checks: checks).add(to: &router)
        return router
    }

    private static func startEvents(
        of service: any HubService, _ type: any HubService.Type, _ parts: HubParts, _ context: ServiceContext,
        _ supervisor: Supervisor
    ) {
        // What a consumer cannot handle leaves by the outbox too.
        if !type.publishes.isEmpty || !service.groups.isEmpty {
            let relay = Relay(
                outbox: context.outbox, database: context.database, log: parts.log, loops: parts.loops,
                logger: context.logger, metrics: context.metrics)
            supervisor.start("relay of \(type.name)") { try await relay.run() }
        }
        for worker in service.groups {
            let consumer = Consumer(
                group: worker.group, handlers: worker.handlers, outbox: context.outbox, database: context.database,
                log: parts.log, codec: parts.codec, loops: parts.loops, logger: context.logger, metrics: context.metrics
            )
            supervisor.start("consumer \(worker.group)") { try await consumer.run() }
        }
        if let tail = service.tail {
            let reader = TailReader(
                tail, log: parts.log, codec: parts.codec, loops: parts.loops, logger: context.logger)
            supervisor.start("tail of \(type.name)") { try await reader.run() }
        }
    }

    /// - Parameter limit: how long requests under way may still take.
    func stop(within limit: Duration) async {
        service.endStreams()
        await server.drain(within: limit)
        await supervisor.stop()
        await context.database.close()
    }
}
