public import Contracts
public import Messaging
public import Platform
public import Postgres
internal import EventLoop
internal import Observability

/// Log-in, tokens, sessions and signing keys.
public struct AuthService: HubService {
    public static let name: ServiceName = .auth
    public static let settings = AuthConfig.declarations
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) async throws {
        let config = try AuthConfig(context.settings)
        let keys = KeyRing(database: context.database, schedule: config.keys, uptime: context.uptime)
        try await keys.rotate(at: context.clock())
        operations = Operations(
            database: context.database,
            accounts: Accounts(context),
            room: Bulkhead(inFlightMax: Accounts.verifiedAtOnceMax, pace: .milliseconds(25), uptime: context.uptime),
            keys: keys, nextTokens: context.seal.key(for: "refresh-token"), config: config, logger: context.logger,
            now: context.clock)
    }

    public func addRoutes(to routes: inout Routes) { AuthRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }

    public var jobs: [Job] {
        let operations = operations
        return [
            Job("rotate signing keys", every: .seconds(60)) { try await operations.keys.rotate(at: operations.now()) },
            Job("clean up sessions", every: .seconds(600)) { try await operations.cleanUp() },
        ]
    }
}
