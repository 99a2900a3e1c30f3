internal import Contracts
internal import Messaging
internal import Postgres

/// What this service does when something happens elsewhere. The names are frozen.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [Handler(name: "archiveCoursesOnUserDeleted", on: UserDeleted.self, archiveCoursesOnUserDeleted)]
    }

    func archiveCoursesOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        try await operations.eraseInstructor(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
