public import Contracts
internal import Messaging
public import HTTP
public import Platform
public import Postgres

/// Replaces Stripe when no Stripe key is set: the used part of its REST API, on loopback, with Stripe's test cards.
public struct SandboxService: HubService {
    public static let name = ServiceName.sandbox
    public static let settings = SandboxConfig.declarations
    public static let migrations = Migrations.all

    let operations: Operations
    private let routes: SandboxRoutes

    public init(_ context: ServiceContext) throws {
        let config = try SandboxConfig(context)
        operations = Operations(context, config)
        routes = SandboxRoutes(operations: operations, secretKey: config.secretKey)
    }

    public var door: Router? { routes.router }

    public var tasks: [TaskHandler] {
        let operations = operations
        return [
            TaskHandler(DeliverWebhook.self, policy: .webhooks) { task, run in try await operations.deliver(task, run) }
        ]
    }

    public var jobs: [Job] {
        let operations = operations
        return [Job("forget old answers", every: .seconds(3_600)) { try await operations.tidyUp() }]
    }
}
