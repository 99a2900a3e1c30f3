internal import Contracts
internal import Observability
internal import Postgres

extension AuthOperations {
    /// Exchanges a refresh token for the next one, and for an access token with the role of today.
    /// - Throws: ``AuthError/invalidRefreshToken``; a token that comes a second time ends its session as well. 503.
    func refresh(_ token: String) async throws -> Tokens {
        let digest = TokenDigest(of: token)
        guard let userID = try await store.findUser(of: digest, on: database) else {
            throw AuthError.invalidRefreshToken
        }
        guard let role = try await accounts.role(of: userID) else {
            try await store.endSessions(of: userID, .erased, on: database)
            throw AuthError.invalidRefreshToken
        }
        guard let tokens = try await exchange(digest, role) else { throw AuthError.invalidRefreshToken }
        return tokens
    }

    /// Nil when refused: what a reuse ends must be committed, so nothing is thrown in here.
    private func exchange(_ digest: TokenDigest, _ role: Role) async throws -> Tokens? {
        let key = try await keys.signingKey(at: now())
        return try await database.transaction { tx in
            guard let (found, isUsed) = try await store.lockSession(of: digest, on: tx) else { return nil }
            let time = now()
            var session = found
            switch session.refresh(isUsed: isUsed, at: time, lifetime: config.refreshTokenLifetime) {
            case .refused: return nil
            case .reused:
                store.update(session, on: tx)
                logger.warning(
                    "a refresh token came twice, its session was ended", [.userID: .text(session.userID.rawValue)])
                return nil
            case .refreshed:
                store.update(session, on: tx)
                store.updateUsed(digest, at: time, on: tx)
                return try issue(session, role, at: time, key, on: tx)
            }
        }
    }
}
