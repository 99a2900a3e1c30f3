internal import Contracts
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Someone who wants to log in.
struct LogInAttempt: Sendable {
    let email, password: String
    /// Where it comes from: what belongs to one customer of a network.
    let network: String
    let userAgent: String?

    /// Counted whether or not the account exists: nobody learns which.
    var account: AttemptSubject { AttemptSubject(digest: SHA256.digest("account:" + email.lowercased())) }
    var origin: AttemptSubject { AttemptSubject(digest: SHA256.digest("address:" + network)) }
}

extension AuthOperations {
    /// Opens a session.
    /// - Throws: ``AuthError/wrongCredentials``, ``AuthError/tooManyAttempts(retryAfterSeconds:)``, 503.
    func logIn(_ attempt: LogInAttempt) async throws -> Tokens {
        let counted = try await admit(attempt)
        guard let (userID, role) = try await verify(attempt, counted) else {
            try await countFailure(of: attempt.origin)
            throw AuthError.wrongCredentials
        }
        let time = now()
        let key = try await keys.signingKey(at: time)
        let session = Session(
            of: userID, userAgent: attempt.userAgent, at: time, lifetime: config.refreshTokenLifetime)
        return try await database.transaction { tx in
            store.deleteAttempts(attempt.account, on: tx)
            // Erased since the password was looked at.
            guard try await store.insert(session, on: tx) else { throw AuthError.wrongCredentials }
            let token = SecureRandom.token()
            store.insert(TokenDigest(of: token), of: session.id, on: tx)
            return try issue(session, role, at: time, key, refresh: token)
        }
    }

    /// The attempt is counted against the account before the password is looked at, so that a thousand guesses at once are a
    /// thousand failures. Against the address only failures count: a class logs in from one address within a minute.
    /// - Returns: the account's attempts with this one.
    private func admit(_ attempt: LogInAttempt) async throws -> Attempts {
        let time = now()
        return try await database.transaction { tx in
            async let origin = store.findAttempts(attempt.origin, on: tx)
            var account = try await store.lockAttempts(attempt.account, at: time, on: tx)
            try await origin?.check(at: time)
            try account.check(at: time)
            account.count(at: time, config.perAccount)
            store.update(attempt.account, account, on: tx)
            return account
        }
    }

    private func verify(_ attempt: LogInAttempt, _ counted: Attempts) async throws -> (UserID, Role)? {
        do {
            return try await accounts.verify(email: attempt.email, password: attempt.password)
        } catch {
            // The password was not looked at.
            try await store.updateForgiven(attempt.account, counted, on: database)
            throw error
        }
    }

    private func countFailure(of subject: AttemptSubject) async throws {
        let time = now()
        try await database.transaction { tx in
            var attempts = try await store.lockAttempts(subject, at: time, on: tx)
            attempts.count(at: time, config.perAddress)
            store.update(subject, attempts, on: tx)
        }
    }
}
