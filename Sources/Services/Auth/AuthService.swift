public import Contracts
public import Messaging
public import Platform
public import Postgres
internal import EventLoop
internal import Observability

/// Log-in, tokens, sessions, and the keys that sign.
public struct AuthService: HubService {
    public static let name: ServiceName = .auth
    public static let settings = AuthConfig.declarations
    public static let migrations = Migrations.all

    let operations: Operations
    private let loops: EventLoopGroup

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
        loops = context.loops
    }

    public func addRoutes(to routes: inout Routes) { AuthRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }

    public var background: [BackgroundWork] {
        [
            every(.seconds(60), "rotate-signing-keys") { try await $0.keys.rotate(at: $0.now()) },
            every(.seconds(600), "clean-up-sessions") { try await $0.cleanUp() },
        ]
    }

    private func every(
        _ pause: Duration, _ name: String, _ work: @escaping @Sendable (Operations) async throws -> Void
    ) -> BackgroundWork {
        BackgroundWork(name) { [operations, loops] in
            while true {
                try await loops.next().sleep(for: pause)
                try await work(operations)
            }
        }
    }
}
