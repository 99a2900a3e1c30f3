public import Contracts
public import Messaging
public import Platform
public import Postgres

/// Courses: their outline and price, and the catalogue.
public struct CourseService: HubService {
    public static let name: ServiceName = .course
    public static let publishes: [any Event.Type] = [CourseCreated.self, CourseUpdated.self, CoursePublished.self]
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) {
        operations = Operations(
            database: context.database, outbox: context.outbox, cache: context.cache, now: context.clock)
    }

    public func addRoutes(to routes: inout Routes) { CourseRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }
}
