internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service. What only writes is sent without waiting and fails the transaction at its commit at the latest.
struct Store: Sendable {
    // MARK: Sessions and their tokens

    /// - Returns: false when the person was erased; until the transaction ends nobody erases them.
    func insert(_ session: Session, on tx: Transaction) async throws -> Bool {
        tx.submit("select pg_advisory_xact_lock_shared(\(Self.lock(of: session.userID)))")
        return try await tx.execute(
            """
            insert into session (id, user_id, user_agent, created_at, last_used_at, expires_at)
            select \(session.id.rawValue), \(session.userID.rawValue), \(session.userAgent as String?),
                \(session.createdAt), \(session.lastUsedAt), \(session.expiresAt)
            where not exists (select from erased_user where user_id = \(session.userID.rawValue))
            """) == 1
    }

    func insert(_ token: TokenDigest, of session: SessionID, on tx: Transaction) {
        tx.submit(
            "insert into refresh_token (digest, session_id) values (\(token.bytes), \(session.rawValue))")
    }

    /// Whose token this is, whatever became of it; nil when it is none of ours.
    func findUser(of token: TokenDigest, on statements: some Statements) async throws -> UserID? {
        try await statements.query(
            """
            select user_id from refresh_token join session on session.id = session_id where digest = \(token.bytes)
            """
        ).first.map { UserID(checked: try $0.decode(String.self)) }
    }

    /// The session of a token and what became of the token. Whoever presents another token of the session waits until the
    /// transaction ends.
    /// - Parameter next: what the token is exchanged for.
    func lockSession(of token: TokenDigest, next: TokenDigest, on tx: Transaction) async throws -> (Session, TokenUse)?
    {
        // First the session, then the token: `used_at` must be what it is once the lock is held.
        let sessions = try await tx.query(
            """
            select \(Self.columns) from session
            where id = (select session_id from refresh_token where digest = \(token.bytes)) for update
            """)
        guard let session = try sessions.first.map(session) else { return nil }
        let tokens = try await tx.query(
            """
            select used_at, exists (select from refresh_token where digest = \(next.bytes) and used_at is null)
            from refresh_token where digest = \(token.bytes)
            """)
        guard let (usedAt, isNextUnused) = try tokens.first?.decode(Date?.self, Bool.self) else { return nil }
        return (session, usedAt.map { .used(at: $0, isNextUsed: !isNextUnused) } ?? .unused)
    }

    func update(_ session: Session, on tx: Transaction) {
        tx.submit(
            """
            update session set last_used_at = \(session.lastUsedAt), expires_at = \(session.expiresAt),
                end_reason = \(session.end?.rawValue as String?)
            where id = \(session.id.rawValue)
            """)
    }

    func updateUsed(_ token: TokenDigest, at time: Date, on tx: Transaction) {
        tx.submit("update refresh_token set used_at = \(time) where digest = \(token.bytes)")
    }

    /// Ends the session of a token, if it has not ended.
    func endSession(of token: TokenDigest, _ end: SessionEnd, on statements: some Statements) async throws {
        _ = try await statements.query(
            """
            update session set end_reason = \(end.rawValue)
            where id = (select session_id from refresh_token where digest = \(token.bytes)) and end_reason is null
            """)
    }

    func endSessions(of user: UserID, _ end: SessionEnd, on statements: some Statements) async throws {
        _ = try await statements.query(
            "update session set end_reason = \(end.rawValue) where user_id = \(user.rawValue) and end_reason is null")
    }

    /// The sessions a person has open, the last used first.
    func listSessions(
        of user: UserID, at time: Date, limit: Int, on statements: some Statements
    ) async throws -> [Session] {
        try await statements.query(
            """
            select \(Self.columns) from session
            where user_id = \(user.rawValue) and end_reason is null and expires_at > \(time)
            order by last_used_at desc, id limit \(limit)
            """
        ).map(session)
    }

    /// Leaves a tombstone, once nobody opens a session for the person any more.
    func insertErased(_ user: UserID, at time: Date, on tx: Transaction) {
        tx.submit("select pg_advisory_xact_lock(\(Self.lock(of: user)))")
        tx.submit(
            "insert into erased_user (user_id, erased_at) values (\(user.rawValue), \(time)) on conflict do nothing")
    }

    func deleteSessions(of user: UserID, on tx: Transaction) {
        tx.submit("delete from session where user_id = \(user.rawValue)")
    }

    /// - Returns: how many there were, at most `limit`.
    func deleteSessions(expiredBefore time: Date, limit: Int, on tx: Transaction) async throws -> Int {
        try await tx.execute(
            """
            delete from session where id in (
                select id from session where expires_at < \(time) limit \(limit) for update skip locked)
            """)
    }

    // MARK: Failed log-ins

    /// The attempts of a subject, which no one else counts until the transaction ends.
    func lockAttempts(_ subject: AttemptSubject, at time: Date, on tx: Transaction) async throws -> Attempts {
        let none = Attempts.none(at: time)
        // The row must be there for others to wait at.
        tx.submit(
            """
            insert into login_attempts (subject, failure_count, last_at) values (\(subject.digest), 0, \(time))
            on conflict do nothing
            """)
        return try await tx.query(
            """
            select failure_count, last_at, blocked_until from login_attempts where subject = \(subject.digest) for update
            """
        ).first.map(attempts) ?? none
    }

    func findAttempts(_ subject: AttemptSubject, on statements: some Statements) async throws -> Attempts? {
        try await statements.query(
            "select failure_count, last_at, blocked_until from login_attempts where subject = \(subject.digest)"
        ).first.map(attempts)
    }

    func update(_ subject: AttemptSubject, _ attempts: Attempts, on tx: Transaction) {
        tx.submit(
            """
            update login_attempts set failure_count = \(Int32(clamping: attempts.failureCount)),
                last_at = \(attempts.lastAt), blocked_until = \(attempts.blockedUntil as Date?)
            where subject = \(subject.digest)
            """)
    }

    func deleteAttempts(_ subject: AttemptSubject, on tx: Transaction) {
        tx.submit("delete from login_attempts where subject = \(subject.digest)")
    }

    /// Takes one failure back, and the wait it led to: it was none.
    /// - Parameter counted: what the attempts were with it.
    func updateForgiven(
        _ subject: AttemptSubject, _ counted: Attempts, on statements: some Statements
    ) async throws {
        _ = try await statements.query(
            """
            update login_attempts set failure_count = greatest(0, failure_count - 1),
                blocked_until = nullif(blocked_until, \(counted.blockedUntil as Date?))
            where subject = \(subject.digest)
            """)
    }

    /// - Returns: how many there were, at most `limit`.
    func deleteAttempts(lastBefore time: Date, limit: Int, on tx: Transaction) async throws -> Int {
        try await tx.execute(
            """
            delete from login_attempts where subject in (
                select subject from login_attempts where last_at < \(time) limit \(limit) for update skip locked)
            """)
    }

    // MARK: Signing keys

    /// All keys. Until the transaction ends no one else makes one.
    func lockKeys(on tx: Transaction) async throws -> [StoredKey] {
        tx.submit("lock table signing_key in share row exclusive mode")
        return try await listKeys(on: tx)
    }

    func listKeys(on statements: some Statements) async throws -> [StoredKey] {
        try await statements.query(
            "select id, private_jwk, created_at, signs_from from signing_key order by signs_from"
        ).map { row in
            let (id, jwk, createdAt, signsFrom) = try row.decode(String.self, String.self, Date.self, Date.self)
            return StoredKey(times: KeyTimes(id: id, createdAt: createdAt, signsFrom: signsFrom), privateJWK: jwk)
        }
    }

    func insert(_ key: StoredKey, on tx: Transaction) {
        tx.submit(
            """
            insert into signing_key (id, private_jwk, created_at, signs_from)
            values (\(key.times.id), \(key.privateJWK), \(key.times.createdAt), \(key.times.signsFrom))
            """)
    }

    func deleteKeys(_ ids: [String], on tx: Transaction) {
        tx.submit("delete from signing_key where id = any(\(ids))")
    }

    private static func lock(of user: UserID) -> SQL { "hashtextextended('auth.user.' || \(user.rawValue), 0)" }

    // MARK: Rows

    private static let columns: SQL = "id, user_id, user_agent, created_at, last_used_at, expires_at, end_reason"

    private func session(_ row: Row) throws -> Session {
        let (id, userID, userAgent, createdAt, lastUsedAt, expiresAt, end) = try row.decode(
            String.self, String.self, String?.self, Date.self, Date.self, Date.self, String?.self)
        return Session(
            id: SessionID(checked: id), userID: UserID(checked: userID), userAgent: userAgent, createdAt: createdAt,
            lastUsedAt: lastUsedAt, expiresAt: expiresAt, end: end.flatMap(SessionEnd.init(rawValue:)))
    }

    private func attempts(_ row: Row) throws -> Attempts {
        let (count, lastAt, blockedUntil) = try row.decode(Int.self, Date.self, Date?.self)
        return Attempts(failureCount: count, lastAt: lastAt, blockedUntil: blockedUntil)
    }
}

/// What can run a single statement: a transaction, or the database when the statement stands alone.
protocol Statements {
    func query(_ sql: SQL) async throws -> Rows
}

extension Database: Statements {}
extension Transaction: Statements {}

/// The SHA-256 digest of a refresh token.
struct TokenDigest: Sendable, Hashable {
    let bytes: [UInt8]
}

/// Whose failures are counted, as a digest.
struct AttemptSubject: Sendable, Hashable {
    let digest: [UInt8]
}

struct StoredKey: Sendable {
    let times: KeyTimes
    /// The whole key as a JSON Web Key: a secret.
    let privateJWK: String
}
