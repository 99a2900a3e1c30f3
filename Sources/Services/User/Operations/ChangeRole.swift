internal import Contracts
internal import Postgres

extension Operations {
    /// Gives an account another role. Tokens carry it from the next refresh on.
    /// - Parameters:
    ///   - administrator: who asks for it.
    ///   - isCurrent: whether a version is the one the administrator saw; ``UserError/changedMeanwhile`` when it is not.
    /// - Throws: ``UserError/notAdministrator``, ``UserError/notFound``, ``UserError/lastAdministrator``.
    func changeRole(
        of id: UserID, to role: Role, by administrator: UserID,
        ifVersion isCurrent: @Sendable (Int) -> Bool = { _ in true }
    ) async throws -> Account {
        try await database.transaction { tx in
            // Before the account itself, so that two administrators who demote each other come one after the other.
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
