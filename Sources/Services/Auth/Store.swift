internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service. Writes without a result are sent without waiting; a failure fails the transaction at its commit at the latest.
struct Store: Sendable {
    // MARK: Sessions and their tokens

    /// - Returns: false when the person was erased; the shared lock prevents an erasure until the transaction ends.
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

    /// The token's owner, whatever the token's state, and the time since when its session has reached the refresh limit; nil for an
    /// unknown token.
    func findUser(of token: TokenDigest, on statements: some Statements) async throws -> (UserID, busySince: Date?)? {
        try await statements.query(
            """
            select user_id, (
                select used_at from refresh_token used where used.session_id = session.id and used_at is not null
                order by used_at desc offset \(Session.refreshCountMax - 1) limit 1)
            from refresh_token join session on session.id = session_id where digest = \(token.bytes)
            """
        ).first.map { row in
            let (userID, busySince) = try row.decode(String.self, Date?.self)
            return (UserID(checked: userID), busySince)
        }
    }

    /// The session of a token and the token's state. Locks the session until the transaction ends.
    /// - Parameter next: the token to exchange it for.
    func lockSession(of token: TokenDigest, next: TokenDigest, on tx: Transaction) async throws -> (Session, TokenUse)?
    {
        // The session is locked before the token is read: `used_at` must be the value under the lock.
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

    /// Ends the session of a token, unless it has ended.
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

    /// The open sessions of a person, last used first.
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

    /// Those of the given sessions that are not open, also unknown ones.
    func listEnded(
        among sessions: [SessionID], at time: Date, on statements: some Statements
    ) async throws -> [SessionID] {
        try await statements.query(
            """
            select id from unnest(\(sessions.map(\.rawValue))) as asked (id) where not exists (
                select from session s where s.id = asked.id and s.end_reason is null and s.expires_at > \(time))
            """
        ).map { SessionID(checked: try $0.decode(String.self)) }
    }

    /// Inserts a tombstone, after waiting for transactions that open a session for the person.
    func insertErased(_ user: UserID, at time: Date, on tx: Transaction) {
        tx.submit("select pg_advisory_xact_lock(\(Self.lock(of: user)))")
        tx.submit(
            "insert into erased_user (user_id, erased_at) values (\(user.rawValue), \(time)) on conflict do nothing")
    }

    func deleteSessions(of user: UserID, on tx: Transaction) {
        tx.submit("delete from session where user_id = \(user.rawValue)")
    }

    /// - Returns: how many rows were deleted, at most `limit`.
    func deleteSessions(expiredBefore time: Date, limit: Int, on tx: Transaction) async throws -> Int {
        try await tx.execute(
            """
            delete from session where id in (
                select id from session where expires_at < \(time) limit \(limit) for update skip locked)
            """)
    }

    // MARK: Attempts to log in

    /// The tallies of an attempt, locked until the transaction ends.
    func lockAttempts(_ subjects: AttemptSubjects, at time: Date, on tx: Transaction) async throws -> Attempts {
        // Locked in a fixed order, so that two attempts cannot deadlock.
        let rows = try await tx.query(
            """
            insert into attempt_tally (subject, failures, successes, at)
            select subject, 0, 0, \(time) from unnest(\(subjects.all.map(\.digest))) as s (subject) order by subject
            on conflict (subject) do update set at = attempt_tally.at
            returning failures, successes, at, subject
            """)
        var tallies: [[UInt8]: Tally] = [:]
        for row in rows { tallies[try row.get(3)] = try tally(row) }
        return Attempts(
            place: tallies[subjects.place.digest] ?? Tally(at: time),
            account: subjects.account.flatMap { tallies[$0.digest] },
            address: subjects.address.flatMap { tallies[$0.digest] })
    }

    /// nil when nothing is counted.
    func findTally(_ subject: AttemptSubject?, on statements: some Statements) async throws -> Tally? {
        guard let subject else { return nil }
        return try await statements.query(
            "select failures, successes, at from attempt_tally where subject = \(subject.digest)"
        ).first.map(tally)
    }

    func update(_ subjects: AttemptSubjects, _ attempts: Attempts, on tx: Transaction) {
        let changes = [
            (subjects.place, attempts.place), (subjects.account, attempts.account),
            (subjects.address, attempts.address),
        ]
        for case (let subject?, let tally?) in changes {
            tx.submit(
                """
                update attempt_tally
                set failures = \(tally.failures), successes = \(tally.successes), at = \(tally.at)
                where subject = \(subject.digest)
                """)
        }
    }

    /// - Returns: how many rows were deleted, at most `limit`.
    func deleteTallies(lastBefore time: Date, limit: Int, on tx: Transaction) async throws -> Int {
        try await tx.execute(
            """
            delete from attempt_tally where subject in (
                select subject from attempt_tally where at < \(time) limit \(limit) for update skip locked)
            """)
    }

    // MARK: Devices

    /// The device's account; nil for an unknown device.
    func findUser(of device: DeviceDigest, on statements: some Statements) async throws -> UserID? {
        try await statements.query("select user_id from device where digest = \(device.bytes)")
            .first.map { UserID(checked: try $0.decode(String.self)) }
    }

    /// Records a log-in with a device, and removes the person's least recently used devices beyond the limit.
    func upsert(_ device: DeviceDigest, of user: UserID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            insert into device (digest, user_id, last_used_at) values (\(device.bytes), \(user.rawValue), \(time))
            on conflict (digest) do update set last_used_at = excluded.last_used_at
            """)
        tx.submit(
            """
            delete from device where digest in (
                select digest from device where digest in (
                    select digest from device where user_id = \(user.rawValue)
                    order by last_used_at desc offset \(Device.countMax))
                for update skip locked)
            """)
    }

    func deleteDevices(of user: UserID, on tx: Transaction) {
        tx.submit("delete from device where user_id = \(user.rawValue)")
    }

    /// - Returns: how many rows were deleted, at most `limit`.
    func deleteDevices(lastUsedBefore time: Date, limit: Int, on tx: Transaction) async throws -> Int {
        try await tx.execute(
            """
            delete from device where digest in (
                select digest from device where last_used_at < \(time) limit \(limit) for update skip locked)
            """)
    }

    // MARK: Signing keys

    /// All keys. The table lock prevents other processes from creating one until the transaction ends.
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

    private func tally(_ row: Row) throws -> Tally {
        let (failures, successes, at) = try row.decode(Double.self, Double.self, Date.self)
        return Tally(failures: failures, successes: successes, at: at)
    }
}

/// The SHA-256 digest of a refresh token.
struct TokenDigest: Sendable, Hashable {
    let bytes: [UInt8]
}

/// The SHA-256 digest of a device token and the e-mail address of its account.
struct DeviceDigest: Sendable, Hashable {
    let bytes: [UInt8]
}

/// The digest of what attempts are counted for.
struct AttemptSubject: Sendable, Hashable {
    let digest: [UInt8]
}

/// The subjects of one attempt, see ``Attempts``.
struct AttemptSubjects: Sendable {
    let place: AttemptSubject
    let account: AttemptSubject?
    var address: AttemptSubject?

    var all: [AttemptSubject] { [place, account, address].compactMap(\.self) }
}

struct StoredKey: Sendable {
    let times: KeyTimes
    /// The whole key as a JSON Web Key; secret.
    let privateJWK: String
}
