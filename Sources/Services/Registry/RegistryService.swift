public import Contracts
internal import EventLoop
public import HTTP
public import Platform
public import Postgres
internal import SchemaRegistry

/// The embedded schema registry for programs in other languages: Confluent's REST API over what the hub itself registers and reads.
public struct RegistryService: HubService {
    public static let name = ServiceName.registry
    public static let settings = RegistryConfig.declarations
    /// The hub's own registry stands on the same schema, and brings it up to date where this service is not started.
    public static let histories = [PostgresSchemaRegistry.migrations]

    public let door: Router?

    public init(_ context: ServiceContext) async throws {
        let config = try RegistryConfig(context.settings)
        // A schema of a megabyte takes a loop too long to read, and to compare with all before it.
        let threads = try BlockingPool(
            name: "registry", threadCount: 1, queueCountMax: RegistryConfig.waitingCountMax, givesWay: true)
        let routes = RegistryRoutes(
            registry: PostgresSchemaRegistry(database: context.database, threads: threads), access: config.access)
        door = routes.router(logger: context.logger, metrics: context.metrics)
    }
}
