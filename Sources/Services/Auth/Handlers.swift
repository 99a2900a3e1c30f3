internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [Handler(name: "endSessionsOnUserDeleted", on: UserDeleted.self, endSessionsOnUserDeleted)]
    }

    @Sendable func endSessionsOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        operations.forget(received.event.userID, on: tx)
    }
}
