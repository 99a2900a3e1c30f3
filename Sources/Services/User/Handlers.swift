internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [Handler(name: "setPlanOnSubscriptionCreated", on: SubscriptionCreated.self, setPlanOnSubscriptionCreated)]
    }

    @Sendable func setPlanOnSubscriptionCreated(
        _ received: Received<SubscriptionCreated>, _ tx: Transaction
    ) async throws {
        let event = received.event
        try await operations.setPlan(
            of: event.userID, to: Plan(rawValue: event.plan), since: event.createdAt, on: tx)
    }
}
