public import Contracts
public import Messaging
public import Platform
public import Postgres

/// Enrolments, progress and completion.
public struct EnrollmentService: HubService {
    public static let name = ServiceName.enrollment
    public static let publishes: [any Event.Type] = [
        EnrollmentCreated.self, ProgressUpdated.self, EnrollmentCompleted.self,
    ]
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) {
        operations = Operations(
            database: context.database, outbox: context.outbox, tasks: context.tasks, services: ServiceClient(context),
            now: context.clock, uptime: context.uptime)
    }

    public func addRoutes(to routes: inout Routes) { EnrollmentRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }

    public var tasks: [TaskHandler] { Handlers(operations: operations).tasks }

    public var jobs: [Job] {
        [Job("expire reservations", every: .seconds(60)) { [operations] in try await operations.expireReservations() }]
    }
}
