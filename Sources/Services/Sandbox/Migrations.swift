internal import Postgres

/// The service's tables, in order; append-only.
enum Migrations {
    static let all: [Migration] = [Migration(id: "sandbox-001-objects", sql: objects)]

    /// Objects are stored in Stripe's format.
    private static let objects = """
        create table object (
            id text primary key,
            kind text not null,
            body jsonb not null,
            created_at timestamptz not null default clock_timestamp()
        );
        create table answer (
            key text primary key,
            fingerprint bytea not null,
            status int not null,
            body bytea not null,
            answered_at timestamptz not null default clock_timestamp()
        );
        create index answer_answered_at on answer (answered_at);
        create table event (
            id text primary key,
            turn bigint generated always as identity,
            body bytea not null,
            is_held boolean not null,
            created_at timestamptz not null default clock_timestamp()
        );
        """
}
