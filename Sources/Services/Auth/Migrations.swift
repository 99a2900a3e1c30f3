internal import Postgres

/// Append-only: a released migration must not change.
enum Migrations {
    static let all = [
        Migration(id: "auth-001-sessions", sql: sessions),
        Migration(id: "auth-002-signing-keys", sql: signingKeys),
        Migration(id: "auth-003-login-attempts", sql: loginAttempts),
        Migration(id: "auth-004-erased-users", sql: erasedUsers),
        Migration(id: "auth-005-attempt-tallies", sql: attemptTallies),
        Migration(id: "auth-006-devices", sql: devices),
        Migration(id: "auth-007-uses-of-a-session", sql: usesOfASession),
    ]

    /// Only the SHA-256 digest of a refresh token is stored, so that read access to the table does not allow log-ins. Used tokens stay
    /// until the session is deleted, so that reuse is detected.
    private static let sessions = """
        create table session (
            id text primary key,
            user_id text not null,
            user_agent text,
            created_at timestamptz not null,
            last_used_at timestamptz not null,
            expires_at timestamptz not null,
            end_reason text check (end_reason in ('logout', 'reuse', 'erased'))
        );
        create index session_of_user on session (user_id);
        create index session_expires_at on session (expires_at);
        create table refresh_token (
            digest bytea primary key,
            session_id text not null references session (id) on delete cascade,
            used_at timestamptz
        );
        create index refresh_token_session on refresh_token (session_id);
        """

    private static let signingKeys = """
        create table signing_key (
            id text primary key,
            private_jwk text not null,
            created_at timestamptz not null,
            signs_from timestamptz not null
        );
        """

    /// The digest of what is counted: neither e-mail nor IP addresses are stored.
    private static let loginAttempts = """
        create table login_attempts (
            subject bytea primary key,
            failure_count int not null,
            last_at timestamptz not null,
            blocked_until timestamptz
        );
        create index login_attempts_last_at on login_attempts (last_at);
        """

    /// Tombstones: a log-in in progress during the person's erasure opens no session.
    private static let erasedUsers = """
        create table erased_user (
            user_id text primary key,
            erased_at timestamptz not null
        );
        """

    /// Decaying numbers replace plain counts, which were deleted after an hour anyway.
    private static let attemptTallies = """
        drop table login_attempts;
        create table attempt_tally (
            subject bytea primary key,
            failures float8 not null,
            successes float8 not null,
            at timestamptz not null
        );
        create index attempt_tally_at on attempt_tally (at);
        """

    /// The digest covers the token and the account's e-mail address: the token is useless for another account.
    private static let devices = """
        create table device (
            digest bytea primary key,
            user_id text not null,
            last_used_at timestamptz not null
        );
        create index device_of_user on device (user_id, last_used_at);
        create index device_last_used_at on device (last_used_at);
        """

    /// Also serves the query for the recent refreshes of a session.
    private static let usesOfASession = """
        create index refresh_token_use on refresh_token (session_id, used_at);
        drop index refresh_token_session;
        """
}
