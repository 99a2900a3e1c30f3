internal import Postgres

/// Append only: a migration that has shipped is never changed.
enum Migrations {
    static let all = [
        Migration(id: "user-001-account", sql: account),
        Migration(id: "user-002-first-admin", sql: firstAdmin),
        Migration(id: "user-003-erase-kept-answers", sql: keptAnswers),
        Migration(id: "user-004-no-kept-answers", sql: noKeptAnswers),
    ]

    /// Every column that can hold personal data may be null, and is when the account is erased: the row stays so that its id stays
    /// taken. A unique column takes any number of nulls, so an erased account's address is free again.
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

    /// One row at most: whether the administrator of the settings was made.
    private static let firstAdmin = """
        create table first_admin (
            is_made boolean primary key default true check (is_made),
            made_at timestamptz not null
        );
        """

    /// Erasure found the answer that was kept for a repeated registration.
    private static let keptAnswers = """
        create index idempotency_key_location on idempotency_key (location) where location is not null;
        """

    /// Platform keeps nothing personal any more.
    private static let noKeptAnswers = "drop index idempotency_key_location"
}
