internal import Contracts
internal import HTTP
internal import Messaging
internal import Platform
internal import Postgres

/// The services that keep something of a person are asked whether they have forgotten them.
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
    /// Removes a person's data here, and tells every service to do the same.
    /// - Throws: ``UserError/notFound`` the second time, ``UserError/lastAdministrator``.
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

    /// Asks every service that hears of deleted accounts, again and again until all have said that they have forgotten the person; then the
    /// journey says so.
    /// - Throws: ``ErasureUnderWay`` while one has not.
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

/// A service has not forgotten the person yet. However long that takes, it is asked again, and others' erasures are asked about meanwhile.
struct ErasureUnderWay: ClassifiedError, CustomStringConvertible {
    let service: ServiceName
    var failureClass: FailureClass { .transient }
    var description: String { "the \(service) service has not forgotten the person yet" }
}
