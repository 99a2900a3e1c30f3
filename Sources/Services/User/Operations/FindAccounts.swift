public import Contracts
internal import Platform
public import Postgres

extension UserService {
    /// Whether a database of the service contains an account, also an erased one. False when the service has never run with it.
    public static func knows(_ id: UserID, in database: Database) async throws -> Bool {
        do {
            return try await Store().findState(id, on: database) != nil
        } catch let error as PostgresError where error.isOfMissingTable {
            return false
        }
    }
}

extension Operations {
    /// - Throws: ``UserError/notFound``.
    func account(_ id: UserID) async throws -> Account {
        guard let account = try await store.find(id, on: database) else { throw UserError.notFound }
        return account
    }

    /// The data available to other services, also of erased accounts.
    /// - Throws: ``UserError/notFound`` for an unknown id.
    func state(of id: UserID) async throws -> AccountState {
        guard let state = try await store.findState(id, on: database) else { throw UserError.notFound }
        return state
    }

    /// Newest accounts first.
    /// - Parameter administrator: the caller.
    /// - Throws: ``UserError/notAdministrator``.
    func list(
        _ search: AccountSearch, _ page: PageRequest<UserID>, by administrator: UserID
    ) async throws -> Page<Account> {
        guard try await store.find(administrator, on: database)?.role == .admin else {
            throw UserError.notAdministrator
        }
        let found = try await store.list(search, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }
}
