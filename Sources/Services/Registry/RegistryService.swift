public import Contracts
internal import EventLoop
public import HTTP
public import Platform
public import Postgres
internal import SchemaRegistry

/// The embedded schema registry for programs in other languages: Confluent's REST API for the schemas that the hub registers and reads.
public struct RegistryService: HubService {
    public static let name = ServiceName.registry
    public static let settings = RegistryConfig.declarations
    /// Every service uses the embedded registry's schema and migrates it, even if this service is not started.
    public static let histories = [PostgresSchemaRegistry.migrations]

    public let door: Router?

    public init(_ context: ServiceContext) async throws {
        let config = try RegistryConfig(context.settings)
        // Parsing and comparing a schema of 1 MB takes too long for a loop.
        let threads = try BlockingPool(
            name: "registry", threadCount: 1, queueCountMax: RegistryConfig.waitingCountMax, givesWay: true)
        let routes = RegistryRoutes(
            registry: PostgresSchemaRegistry(database: context.database, threads: threads), access: config.access)
        door = routes.router(logger: context.logger, metrics: context.metrics)
    }
}
