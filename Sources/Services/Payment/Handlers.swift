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
            Handler(name: "endPlansOnUserDeleted", on: UserDeleted.self, endPlansOnUserDeleted),
        ]
    }

    func noteEnrollmentOnEnrollmentCreated(
        _ received: Received<EnrollmentCreated>, _ tx: Transaction
    ) async throws {
        guard let payment = received.event.paymentID else { return }
        try await operations.noteEnrolled(
            payment, received.event.enrollmentID, at: received.event.enrolledAt, on: tx)
    }

    func endPlansOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        try await operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
