internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres
internal import Secrets

extension Operations {
    /// Opens an account.
    /// - Returns: the account as it is now, when the same request opened it before.
    /// - Throws: ``UserError/emailTaken``, ``UserError/busy(retryAfterSeconds:)``; ``UserError/notFound`` when that account has been erased
    ///   since.
    func register(_ registration: Registration, _ once: Once) async throws -> Account {
        let hash = try await hash(registration.password)
        return try await database.transaction { tx in
            try await once.run(on: tx) {
                try await open(registration, hash, as: .student, on: tx)
            } again: { id in
                guard let account = try await store.find(id, on: tx) else { throw UserError.notFound }
                return account
            }
        }
    }

    /// Before the transaction: a connection is not kept waiting while a hash burns.
    func hash(_ password: Password) async throws -> PasswordHash {
        try await hashing { () throws(PasswordError) in try await hasher.hash(password.text) }
    }

    /// The unique index decides: of any number that ask for an address at once, one gets it.
    func open(
        _ registration: Registration, _ hash: PasswordHash, as role: Role, on tx: Transaction
    ) async throws -> Account {
        let time = now()
        let account = Account(registration, id: .make(at: time), role: role, at: time)
        guard try await store.insert(account, hash, on: tx) else { throw UserError.emailTaken }
        try outbox.append(UserRegistered(account), on: tx)
        return account
    }
}

extension UserRegistered {
    init(_ account: Account) {
        self.init(
            userID: account.id, email: account.email.text, firstName: account.firstName.text,
            lastName: account.lastName.text, role: account.role, registeredAt: account.createdAt)
    }
}
