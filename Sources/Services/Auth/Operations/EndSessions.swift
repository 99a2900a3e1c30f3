internal import Contracts
internal import Postgres

extension Operations {
    /// Ends the session of a refresh token. An unknown or ended one is as good as logged out.
    func logOut(_ token: String) async throws {
        try await store.endSession(of: TokenDigest(of: token), .logout, on: database)
    }

    /// Ends every session of a person. Their devices stay known: a device's token opens nothing, and who ends all sessions because
    /// somebody is guessing must not be kept out by the guesser then.
    func logOutEverywhere(_ user: UserID) async throws {
        try await store.endSessions(of: user, .logout, on: database)
    }

    /// Removes what is kept of an erased person, and sees to it that a log-in under way leaves nothing. Again is fine.
    func forget(_ user: UserID, on tx: Transaction) {
        store.insertErased(user, at: now(), on: tx)
        store.deleteSessions(of: user, on: tx)
        store.deleteDevices(of: user, on: tx)
    }

    /// The sessions a person has open, the last used first.
    func sessions(of user: UserID) async throws -> [Session] {
        try await store.listSessions(of: user, at: now(), limit: Self.sessionsShownMax, on: database)
    }

    private static let sessionsShownMax = 100
}
