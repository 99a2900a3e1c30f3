internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [Handler(name: "eraseLearnerOnUserDeleted", on: UserDeleted.self, eraseLearnerOnUserDeleted)]
    }

    func eraseLearnerOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
