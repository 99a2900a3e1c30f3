internal import Contracts
internal import Postgres

extension Operations {
    /// Ends the session of a refresh token. An unknown token or an ended session counts as success.
    func logOut(_ token: String) async throws {
        try await store.endSession(of: TokenDigest(of: token), .logout, on: database)
    }

    /// Ends every session of a person. Known devices are kept: a device token grants no access, and a user who ends all sessions because
    /// of an attack must not be locked out by the attacker's failures.
    func logOutEverywhere(_ user: UserID) async throws {
        try await store.endSessions(of: user, .logout, on: database)
    }

    /// Deletes the data of an erased person; a log-in in progress leaves no data either. Idempotent.
    func forget(_ user: UserID, on tx: Transaction) {
        store.insertErased(user, at: now(), on: tx)
        store.deleteSessions(of: user, on: tx)
        store.deleteDevices(of: user, on: tx)
    }

    /// The open sessions of a person, last used first.
    func sessions(of user: UserID) async throws -> [Session] {
        try await store.listSessions(of: user, at: now(), limit: Self.sessionsShownMax, on: database)
    }

    /// Those of the given sessions that have ended: by log-out, expiry, token reuse or erasure.
    func endedSessions(among sessions: [SessionID]) async throws -> [SessionID] {
        try await store.listEnded(among: sessions, at: now(), on: database)
    }

    private static let sessionsShownMax = 100
}
