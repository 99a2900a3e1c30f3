internal import Postgres

/// Append-only: a released migration must not change.
enum Migrations {
    static let all = [
        Migration(id: "user-001-account", sql: account),
        Migration(id: "user-002-first-admin", sql: firstAdmin),
        Migration(id: "user-003-erase-kept-answers", sql: keptAnswers),
        Migration(id: "user-004-no-kept-answers", sql: noKeptAnswers),
    ]

    /// Every column with personal data is nullable, and null after erasure. The row remains so that the id is not reused. A unique column
    /// allows any number of nulls, so the address of an erased account can be used again.
    private static let account = """
        create table account (
            id text primary key,
            email text,
            email_folded text constraint account_email_taken unique,
            first_name text,
            last_name text,
            password_hash text,
            time_zone text,
            locale text,
            role text not null check (role in ('STUDENT', 'INSTRUCTOR', 'ADMIN')),
            plan text not null,
            plan_since timestamptz,
            version bigint not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            erased_at timestamptz,
            constraint account_is_whole_or_empty check (
                num_nulls(email, email_folded, first_name, last_name, password_hash, time_zone, locale)
                    = case when erased_at is null then 0 else 7 end
            )
        );
        create index account_administrators on account (id) where role = 'ADMIN' and erased_at is null;
        """

    /// At most one row: whether the administrator from the settings was created.
    private static let firstAdmin = """
        create table first_admin (
            is_made boolean primary key default true check (is_made),
            made_at timestamptz not null
        );
        """

    /// Lets an erasure find the stored response of a repeated registration.
    private static let keptAnswers = """
        create index idempotency_key_location on idempotency_key (location) where location is not null;
        """

    /// Platform no longer stores personal data in responses.
    private static let noKeptAnswers = "drop index idempotency_key_location"
}
