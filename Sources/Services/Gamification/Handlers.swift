internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [
            Handler(name: "awardPointsOnUserRegistered", on: UserRegistered.self, awardPointsOnUserRegistered),
            Handler(name: "awardPointsOnEnrollmentCreated", on: EnrollmentCreated.self, awardPointsOnEnrollmentCreated),
            Handler(name: "awardPointsOnProgressUpdated", on: ProgressUpdated.self, awardPointsOnProgressUpdated),
            Handler(
                name: "awardPointsOnEnrollmentCompleted", on: EnrollmentCompleted.self, awardPointsOnEnrollmentCompleted
            ),
            Handler(name: "awardPointsOnQuizSubmitted", on: QuizSubmitted.self, awardPointsOnQuizSubmitted),
            Handler(name: "awardPointsOnAssignmentGraded", on: AssignmentGraded.self, awardPointsOnAssignmentGraded),
            Handler(name: "eraseLearnerOnUserDeleted", on: UserDeleted.self, eraseLearnerOnUserDeleted),
        ]
    }

    func awardPointsOnUserRegistered(_ received: Received<UserRegistered>, _ tx: Transaction) async throws {
        try await operations.reward(Occasion(received.event), because: received.eventID, on: tx)
    }

    func awardPointsOnEnrollmentCreated(_ received: Received<EnrollmentCreated>, _ tx: Transaction) async throws {
        try await operations.reward(Occasion(received.event), because: received.eventID, on: tx)
    }

    func awardPointsOnProgressUpdated(_ received: Received<ProgressUpdated>, _ tx: Transaction) async throws {
        try await operations.reward(Occasion(received.event), because: received.eventID, on: tx)
    }

    func awardPointsOnEnrollmentCompleted(_ received: Received<EnrollmentCompleted>, _ tx: Transaction) async throws {
        try await operations.reward(Occasion(received.event), because: received.eventID, on: tx)
    }

    func awardPointsOnQuizSubmitted(_ received: Received<QuizSubmitted>, _ tx: Transaction) async throws {
        try await operations.reward(Occasion(received.event), because: received.eventID, on: tx)
    }

    func awardPointsOnAssignmentGraded(_ received: Received<AssignmentGraded>, _ tx: Transaction) async throws {
        guard let occasion = Occasion(received.event) else { return }
        try await operations.reward(occasion, because: received.eventID, on: tx)
    }

    func eraseLearnerOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
