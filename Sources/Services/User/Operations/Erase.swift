internal import Contracts
internal import HTTP
internal import Messaging
internal import Platform
internal import Postgres

/// The services with personal data, which must confirm the erasure.
struct ConfirmErasure: TaskPayload {
    static let kind = "confirm-erasure"
    let userID: String

    static var policy: TaskPolicy {
        var policy = TaskPolicy()
        policy.attemptsMax = .max
        policy.retry.delayMax = .seconds(10)
        return policy
    }
}

extension Operations {
    /// Deletes a person's data here, and sends an event so that other services do the same.
    /// - Throws: ``UserError/notFound`` when already erased, ``UserError/lastAdministrator``.
    func erase(_ id: UserID) async throws {
        try await database.transaction { tx in
            let administrators = try await store.lockAdministrators(on: tx)
            guard try await store.lock(id, on: tx) != nil else { throw UserError.notFound }
            try Self.keepOne(of: administrators, without: id)
            let time = now()
            try await store.erase(id, at: time, on: tx)
            try outbox.append(UserDeleted(userID: id, reason: "requested", deletedAt: time), on: tx)
            try tasks.enqueue(ConfirmErasure(userID: id.rawValue), key: id.rawValue, on: tx)
        }
    }

    /// Polls every service that consumes account deletions until all have confirmed the erasure; then records it in the journal.
    /// - Throws: ``ErasureUnderWay`` while a service has not confirmed it.
    func confirm(_ task: ConfirmErasure, _ run: TaskRun) async throws {
        for group in UserDeleted.topic.consumers {
            do {
                _ = try await services.call(group.service, .get, "/internal/erasures/\(task.userID)")
            } catch let error as ServiceCallError where error.refusalCode == "not-found" {
                throw ErasureUnderWay(service: group.service)
            }
        }
        try await database.transaction { tx in
            journal.note(.effect, "erasureConfirmedByEveryService", on: tx)
            try await run.finish(on: tx)
        }
    }
}

/// A service has not confirmed the erasure yet. The task retries without limit, and does not block other erasures.
struct ErasureUnderWay: ClassifiedError, CustomStringConvertible {
    let service: ServiceName
    var failureClass: FailureClass { .transient }
    var description: String { "the \(service) service has not erased the person yet" }
}
