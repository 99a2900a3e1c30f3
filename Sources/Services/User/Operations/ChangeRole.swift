internal import Contracts
internal import Postgres

extension Operations {
    /// Changes an account's role. Tokens contain it from their next refresh on.
    /// - Parameters:
    ///   - administrator: the caller.
    ///   - isCurrent: whether a version is the one the administrator read; otherwise ``UserError/changedMeanwhile`` is thrown.
    /// - Throws: ``UserError/notAdministrator``, ``UserError/notFound``, ``UserError/lastAdministrator``.
    func changeRole(
        of id: UserID, to role: Role, by administrator: UserID,
        ifVersion isCurrent: @Sendable (Int) -> Bool = { _ in true }
    ) async throws -> Account {
        try await database.transaction { tx in
            // Locked before the account itself, so that two administrators who demote each other are serialised.
            let administrators = try await store.lockAdministrators(on: tx)
            guard administrators.contains(administrator) else { throw UserError.notAdministrator }
            guard let account = try await store.lock(id, on: tx) else { throw UserError.notFound }
            guard isCurrent(account.version) else { throw UserError.changedMeanwhile }
            if role != .admin { try Self.keepOne(of: administrators, without: id) }
            var changed = account
            changed.role = role
            return try await save(changed, instead: account, on: tx)
        }
    }

    static func keepOne(of administrators: [UserID], without id: UserID) throws(UserError) {
        if administrators == [id] { throw .lastAdministrator }
    }
}
