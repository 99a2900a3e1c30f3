internal import Contracts
internal import Messaging
internal import Postgres

/// What this service does when something happens elsewhere.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [Handler(name: "endSessionsOnUserDeleted", on: UserDeleted.self, endSessionsOnUserDeleted)]
    }

    @Sendable func endSessionsOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        operations.forget(received.event.userID, on: tx)
    }
}
