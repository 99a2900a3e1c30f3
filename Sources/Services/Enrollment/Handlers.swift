internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

/// Reactions to events of other services, and the tasks. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [
            Handler(name: "enrollOnPaymentCompleted", on: PaymentCompleted.self, enrollOnPaymentCompleted),
            Handler(name: "keepGradeOnQuizSubmitted", on: QuizSubmitted.self, keepGradeOnQuizSubmitted),
            Handler(name: "keepGradeOnAssignmentGraded", on: AssignmentGraded.self, keepGradeOnAssignmentGraded),
            Handler(name: "eraseLearnerOnUserDeleted", on: UserDeleted.self, eraseLearnerOnUserDeleted),
        ]
    }

    var tasks: [TaskHandler] {
        [
            TaskHandler(AssessEnrollment.self) { try await operations.assess($0, $1) },
            TaskHandler(RevokeAccess.self) { task, _ in try await operations.revokeAccess(task) },
        ]
    }

    func enrollOnPaymentCompleted(_ received: Received<PaymentCompleted>, _ tx: Transaction) async throws {
        try await operations.enroll(paid: received.event, on: tx)
    }

    func keepGradeOnQuizSubmitted(_ received: Received<QuizSubmitted>, _ tx: Transaction) async throws {
        let quiz = received.event
        try await operations.keep(
            Grade(percent: quiz.percent, passed: quiz.passed, at: quiz.submittedAt), of: quiz.userID,
            in: quiz.courseID, quiz.lessonID, because: received.eventID, on: tx)
    }

    func keepGradeOnAssignmentGraded(_ received: Received<AssignmentGraded>, _ tx: Transaction) async throws {
        let work = received.event
        try await operations.keep(
            Grade(percent: work.percent, passed: work.passed, at: work.gradedAt), of: work.userID, in: work.courseID,
            work.lessonID, because: received.eventID, on: tx)
    }

    func eraseLearnerOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
