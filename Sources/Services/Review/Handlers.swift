internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [
            Handler(
                name: "noteEnrollmentOnEnrollmentCreated", on: EnrollmentCreated.self, noteEnrollmentOnEnrollmentCreated
            ),
            Handler(
                name: "noteCompletionOnEnrollmentCompleted", on: EnrollmentCompleted.self,
                noteCompletionOnEnrollmentCompleted),
            Handler(name: "anonymiseReviewsOnUserDeleted", on: UserDeleted.self, anonymiseReviewsOnUserDeleted),
        ]
    }

    func noteEnrollmentOnEnrollmentCreated(_ received: Received<EnrollmentCreated>, _ tx: Transaction) async throws {
        let event = received.event
        try await operations.noteEnrollment(event.enrollmentID, of: event.userID, in: event.courseID, on: tx)
    }

    func noteCompletionOnEnrollmentCompleted(
        _ received: Received<EnrollmentCompleted>, _ tx: Transaction
    ) async throws {
        let event = received.event
        try await operations.noteEnrollment(
            event.enrollmentID, of: event.userID, in: event.courseID, completedAt: event.completedAt, on: tx)
    }

    func anonymiseReviewsOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
