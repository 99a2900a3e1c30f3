public import Contracts
internal import Postgres

extension Operations {
    /// Opens an account for an administrator, or for somebody else who could not register as what they are.
    /// - Returns: its id.
    /// - Throws: ``UserError/unacceptable(field:message:)`` for an invalid address or password, ``UserError/emailTaken``,
    ///   ``UserError/busy(retryAfterSeconds:)``.
    @discardableResult
    public func createAccount(as role: Role = .admin, email: String, password: String) async throws -> String {
        let registration = try Self.registration(email, password, role)
        let hash = try await hash(registration.password)
        return try await database.transaction { tx in
            try await open(registration, hash, as: role, on: tx).id.rawValue
        }
    }

    /// Refuses an address that ``createAccount(as:email:password:)`` would refuse.
    /// - Throws: ``UserError/unacceptable(field:message:)``, ``UserError/emailTaken``.
    public func checkAddress(_ email: String) async throws {
        let email = try Self.checked("email", email, as: Email.self)
        if try await store.findCredentials(email, on: database) != nil { throw UserError.emailTaken }
    }

    /// Refuses a password that ``createAccount(as:email:password:)`` would refuse for an administrator.
    /// - Throws: ``UserError/unacceptable(field:message:)``.
    public func checkPassword(_ password: String, email: String) throws {
        _ = try Self.registration(email, password, .admin)
    }

    /// As ``createAccount(as:email:password:)`` for an administrator, once in the life of the database, however many processes start at once.
    /// - Returns: whether it was made now.
    func createFirstAdmin(email: String, password: String) async throws -> Bool {
        let registration = try Self.registration(email, password, .admin)
        if try await store.hasFirstAdmin(on: database) { return false }
        let hash = try await hash(registration.password)
        return try await database.transaction { tx in
            guard try await store.insertFirstAdmin(at: now(), on: tx) else { return false }
            _ = try await open(registration, hash, as: .admin, on: tx)
            return true
        }
    }

    private static func registration(
        _ email: String, _ password: String, _ role: Role
    ) throws(UserError) -> Registration {
        let email = try checked("email", email, as: Email.self)
        let password = try checked("password", password, as: Password.self)
        let registration = Registration(
            email: email, password: password, firstName: PersonName(stored: "Hub"),
            lastName: PersonName(stored: role == .admin ? "Administrator" : "Instructor"))
        if let complaint = registration.passwordComplaint {
            throw .unacceptable(field: "password", message: complaint.message)
        }
        return registration
    }

    private static func checked<Value: CheckedText>(
        _ field: String, _ text: String, as type: Value.Type
    ) throws(UserError) -> Value {
        do {
            return try Value(text)
        } catch {
            throw .unacceptable(field: field, message: error.message)
        }
    }
}
