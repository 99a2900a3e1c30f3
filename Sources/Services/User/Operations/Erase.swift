internal import Contracts
internal import Messaging
internal import Postgres

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
        }
    }
}
