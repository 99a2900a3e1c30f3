public import Contracts
public import Messaging
public import Platform
public import Postgres

/// Points, levels and badges: a ledger derived from learners' actions.
public struct GamificationService: HubService {
    public static let name = ServiceName.gamification
    public static let publishes: [any Event.Type] = [PointsAwarded.self, BadgeEarned.self]
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) {
        operations = Operations(database: context.database, outbox: context.outbox, now: context.clock)
    }

    public func addRoutes(to routes: inout Routes) { GamificationRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }
}
