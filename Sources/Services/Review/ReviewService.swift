public import Contracts
public import Messaging
public import Platform
public import Postgres

/// Reviews and ratings of courses.
public struct ReviewService: HubService {
    public static let name: ServiceName = .review
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) { operations = Operations(context) }

    public func addRoutes(to routes: inout Routes) { ReviewRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }
}
