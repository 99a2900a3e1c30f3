internal import Contracts
internal import Postgres

extension UserOperations {
    /// Gives an account another role. Tokens carry it from the next refresh on.
    /// - Throws: ``UserError/notFound``, ``UserError/lastAdministrator``.
    func changeRole(of id: UserID, to role: Role) async throws -> Account {
        try await database.transaction { tx in
            // Before the account itself, so that two administrators who demote each other come one after the other.
            let administrators = try await store.lockAdministrators(on: tx)
            guard let account = try await store.lock(id, on: tx) else { throw UserError.notFound }
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
