internal import Postgres
internal import Secrets

extension Operations {
    /// The account with these credentials. Takes the same time whether or not the account exists.
    /// - Throws: ``UserError/wrongCredentials``, ``UserError/busy(retryAfterSeconds:)``.
    func verifyCredentials(email: String, password: String) async throws -> Credentials {
        let password = Password(stored: password)
        guard password.text.utf8.count <= Password.bytesMax else { throw UserError.wrongCredentials }
        let known: Credentials? =
            if let email = try? Email(email) { try await store.findCredentials(email, on: database) } else { nil }
        guard let known else {
            try await hashing { () throws(PasswordError) in try await hasher.verifyAgainstNothing(password.text) }
            throw UserError.wrongCredentials
        }
        let isRight = try await hashing { () throws(PasswordError) in
            try await hasher.verify(password.text, against: known.hash)
        }
        guard isRight else { throw UserError.wrongCredentials }
        if hasher.isOutdated(known.hash) {
            // The credentials are right, whether or not there is time for another hash.
            try? await renew(known, password)
            try Task.checkCancellation()
        }
        return known
    }

    /// Hash parameters increase over time; on log-in, an old hash is replaced.
    private func renew(_ known: Credentials, _ password: Password) async throws {
        let hash = try await hash(password)
        try await store.update(hash, of: known.id, instead: known.hash, on: database)
    }
}
