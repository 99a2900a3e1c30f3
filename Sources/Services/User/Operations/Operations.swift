internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases, each in its own file.
public struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let tasks: Tasks
    let services: ServiceClient
    let hasher: PasswordHasher
    let now: @Sendable () -> Date
    let store = Store()

    var journal: Journal { Journal(now: now) }

    init(
        database: Database, outbox: Outbox, tasks: Tasks, services: ServiceClient, hasher: PasswordHasher,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.outbox = outbox
        self.tasks = tasks
        self.services = services
        self.hasher = hasher
        self.now = now
    }

    /// Runs password hashing; an overload becomes an error with a retry time.
    func hashing<Result>(_ work: () async throws(PasswordError) -> Result) async throws -> Result {
        do {
            return try await work()
        } catch .busy(let seconds) {
            throw UserError.busy(retryAfterSeconds: seconds)
        } catch .outOfMemory {
            throw UserError.busy(retryAfterSeconds: 1)
        } catch .cancelled {
            throw CancellationError()
        }
    }

    /// Stores a changed account and sends an event. Does nothing when nothing changed.
    func save(_ edited: Account, instead old: Account, on tx: Transaction) async throws -> Account {
        let changes = old.changes(to: edited)
        if changes.isEmpty { return old }
        var account = edited
        account.version += 1
        account.updatedAt = now()
        try await store.update(account, on: tx)
        try outbox.append(UserUpdated(account, changedFields: changes), on: tx)
        return account
    }
}

extension UserUpdated {
    init(_ account: Account, changedFields: [String]) {
        self.init(
            userID: account.id, email: account.email.text, firstName: account.firstName.text,
            lastName: account.lastName.text, role: account.role, plan: account.plan.rawValue,
            changedFields: changedFields, updatedAt: account.updatedAt)
    }
}
