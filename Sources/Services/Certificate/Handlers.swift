internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [
            Handler(
                name: "prepareCertificateOnEnrollmentCompleted", on: EnrollmentCompleted.self,
                prepareCertificateOnEnrollmentCompleted),
            Handler(name: "eraseLearnerOnUserDeleted", on: UserDeleted.self, eraseLearnerOnUserDeleted),
        ]
    }

    func prepareCertificateOnEnrollmentCompleted(
        _ received: Received<EnrollmentCompleted>, _ tx: Transaction
    ) async throws {
        try await operations.prepare(received.event, at: operations.now(), on: tx)
    }

    func eraseLearnerOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        try await operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
