internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [Handler(name: "archiveCoursesOnUserDeleted", on: UserDeleted.self, archiveCoursesOnUserDeleted)]
    }

    func archiveCoursesOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        try await operations.eraseInstructor(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
