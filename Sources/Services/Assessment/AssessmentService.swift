public import Contracts
public import Messaging
public import Platform
public import Postgres

/// Quizzes, assignments, submissions and grades.
public struct AssessmentService: HubService {
    public static let name = ServiceName.assessment
    public static let publishes: [any Event.Type] = [QuizSubmitted.self, AssignmentGraded.self]
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) {
        operations = Operations(
            database: context.database, outbox: context.outbox, services: ServiceClient(context), now: context.clock)
    }

    public func addRoutes(to routes: inout Routes) { AssessmentRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }
}
