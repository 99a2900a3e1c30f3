internal import Contracts
internal import Postgres

extension Operations {
    /// Changes a person's own profile.
    /// - Parameter isCurrent: whether a version is the one the person read; otherwise ``UserError/changedMeanwhile`` is thrown.
    /// - Throws: ``UserError/notFound``, ``UserError/emailTaken``.
    func edit(
        _ id: UserID, _ edit: ProfileEdit, ifVersion isCurrent: @Sendable (Int) -> Bool = { _ in true }
    ) async throws -> Account {
        try await database.transaction { tx in
            guard let account = try await store.lock(id, on: tx) else { throw UserError.notFound }
            guard isCurrent(account.version) else { throw UserError.changedMeanwhile }
            return try await save(edit.applied(to: account), instead: account, on: tx)
        }
    }
}
