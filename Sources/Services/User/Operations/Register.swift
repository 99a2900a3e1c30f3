internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres
internal import Secrets

extension Operations {
    /// Creates an account.
    /// - Returns: the account in its current state when the same request already created it.
    /// - Throws: ``UserError/emailTaken``, ``UserError/busy(retryAfterSeconds:)``; ``UserError/notFound`` when that account was erased
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

    /// Hashed before the transaction, so that no connection is held meanwhile.
    func hash(_ password: Password) async throws -> PasswordHash {
        try await hashing { () throws(PasswordError) in try await hasher.hash(password.text) }
    }

    /// The unique index decides between concurrent registrations with the same address.
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
