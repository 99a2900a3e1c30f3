public import Contracts
public import Messaging
public import Platform
public import Postgres

/// The content of lessons, and access to it.
public struct ContentService: HubService {
    public static let name: ServiceName = .content
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) throws { operations = try Operations(context) }

    public func addRoutes(to routes: inout Routes) { ContentRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }
}
