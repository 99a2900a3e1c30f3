internal import Contracts
internal import Observability
internal import Postgres
internal import Secrets

extension Operations {
    /// Exchanges a refresh token for the next one and an access token with the current role. A token that is reused within
    /// ``TokenUse/graceSeconds`` returns the same next token, unless that was already used.
    /// - Throws: ``AuthError/invalidRefreshToken``; later reuse also ends the session.
    ///   ``AuthError/tooManyRefreshes(retryAfterSeconds:)``, 503.
    func refresh(_ token: String) async throws -> Tokens {
        let digest = TokenDigest(of: token)
        guard let (userID, busySince) = try await store.findUser(of: digest, on: database) else {
            throw AuthError.invalidRefreshToken
        }
        try Session.checkPace(busySince: busySince, at: now())
        guard let role = try await accounts.role(of: userID) else {
            try await store.endSessions(of: userID, .erased, on: database)
            throw AuthError.invalidRefreshToken
        }
        guard let tokens = try await exchange(token, role) else { throw AuthError.invalidRefreshToken }
        return tokens
    }

    /// nil when refused. Not thrown, because ending the session on reuse must be committed.
    private func exchange(_ token: String, _ role: Role) async throws -> Tokens? {
        let key = try await keys.signingKey(at: now())
        // Derived instead of random, so that an exchange can be repeated without storing the token.
        let next = Base64URL.encode(nextTokens.code(for: token))
        let digest = TokenDigest(of: token), nextDigest = TokenDigest(of: next)
        return try await database.transaction { tx in
            guard let (found, use) = try await store.lockSession(of: digest, next: nextDigest, on: tx) else {
                return nil
            }
            let time = now()
            var session = found
            switch session.refresh(use, at: time, lifetime: config.refreshTokenLifetime) {
            case .refused: return nil
            case .reused:
                store.update(session, on: tx)
                logger.warning(
                    "refresh token reused, session ended", [.userID: .text(session.userID.rawValue)])
                return nil
            case .repeated: break
            case .refreshed:
                store.update(session, on: tx)
                store.updateUsed(digest, at: time, on: tx)
                store.insert(nextDigest, of: session.id, on: tx)
            }
            return try issue(session, role, at: time, key, refresh: next)
        }
    }
}
