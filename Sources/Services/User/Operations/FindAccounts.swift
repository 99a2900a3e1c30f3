internal import Contracts
internal import Postgres

extension UserOperations {
    /// - Throws: ``UserError/notFound``.
    func account(_ id: UserID) async throws -> Account {
        guard let account = try await store.find(id, on: database) else { throw UserError.notFound }
        return account
    }

    /// What other services may know, of erased accounts too.
    /// - Throws: ``UserError/notFound`` for an id that was never given out.
    func state(of id: UserID) async throws -> AccountState {
        guard let state = try await store.findState(id, on: database) else { throw UserError.notFound }
        return state
    }

    /// The newest accounts first, and where the next page begins; nil at the end.
    /// - Parameter administrator: who asks for it.
    /// - Throws: ``UserError/notAdministrator``.
    func list(
        _ search: AccountSearch, after cursor: UserID?, limit: Int, by administrator: UserID
    ) async throws -> ([Account], next: UserID?) {
        guard try await store.find(administrator, on: database)?.role == .admin else {
            throw UserError.notAdministrator
        }
        // One more than asked for tells whether there is a next page.
        let found = try await store.list(search, before: cursor, limit: limit + 1, on: database)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last?.id : nil)
    }
}
