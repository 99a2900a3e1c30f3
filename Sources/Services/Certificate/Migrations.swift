internal import Postgres

/// Append-only: a released migration must not change.
enum Migrations {
    static let all = [
        Migration(id: "certificate-001-certificate", sql: certificate),
        Migration(id: "certificate-002-statement-key", sql: statementKey),
    ]

    /// Writes about a person lock their `person` row, which remains, empty, after erasure.
    private static let certificate = """
        create table person (
            user_id text primary key,
            erased_at timestamptz
        );
        create table certificate (
            id text primary key,
            enrollment_id text not null unique,
            user_id text not null,
            course_id text not null,
            code text not null unique,
            completed_at timestamptz not null,
            final_score float8,
            learner_name text,
            course_title text,
            language text,
            version int not null,
            drawn_version int not null,
            issued_at timestamptz,
            revoked_at timestamptz,
            erased_at timestamptz,
            check (erased_at is null or (learner_name is null and final_score is null))
        );
        create index certificate_of_learner on certificate (user_id, id);
        """

    /// One row, created by whichever process is first.
    private static let statementKey = """
        create table statement_key (
            is_the_one boolean primary key default true check (is_the_one),
            secret bytea not null,
            created_at timestamptz not null default clock_timestamp()
        );
        """
}
