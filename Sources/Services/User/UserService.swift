public import Contracts
public import Messaging
public import Platform
public import Postgres
internal import EventLoop
internal import Observability
internal import Secrets

/// Accounts, profiles, roles, plans and password hashes.
public struct UserService: HubService {
    public static let name: ServiceName = .user
    public static let publishes: [any Event.Type] = [UserRegistered.self, UserUpdated.self, UserDeleted.self]
    public static let settings = UserConfig.declarations
    public static let migrations = Migrations.all

    public let operations: Operations

    public init(_ context: ServiceContext) async throws {
        let config = try UserConfig(context.settings)
        // Loaded at start, so that no request waits for it.
        let zoneCount = try await context.blockingPool.run {
            WordList.prepare()
            return ZoneNames.ofTheSystem.count
        }
        if zoneCount == 1 { context.logger.warning("only the time zone UTC is known: install tzdata") }
        operations = Operations(
            database: context.database, outbox: context.outbox, tasks: context.tasks, services: ServiceClient(context),
            hasher: try PasswordHasher(parameters: config.hash), now: context.clock)
        if let admin = config.firstAdmin {
            try await createFirstAdmin(admin.email, admin.password, context.logger)
        }
    }

    public func addRoutes(to routes: inout Routes) { UserRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }

    public var tasks: [TaskHandler] {
        let operations = operations
        return [
            TaskHandler(ConfirmErasure.self, policy: ConfirmErasure.policy) { try await operations.confirm($0, $1) }
        ]
    }

    private func createFirstAdmin(_ email: String, _ password: String, _ logger: Logger) async throws {
        do {
            let isMade = try await operations.createFirstAdmin(email: email, password: password)
            if isMade { logger.notice("the first administrator was created") }
        } catch UserError.unacceptable(let field, let message) {
            throw UserError.unacceptable(field: UserConfig.settingName(of: field), message: message)
        } catch UserError.emailTaken {
            // An existing account is not promoted without its owner's knowledge.
            logger.warning("the first administrator was not created: an account with the address exists")
        }
    }
}
