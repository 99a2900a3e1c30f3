internal import Postgres

/// The tables that Platform keeps in the schema of every service: idempotency keys, tasks, erasures. Append only.
enum PlatformMigrations {
    static let service = MigrationHistory(
        component: "platform",
        [
            Migration(id: "platform-001-idempotency", sql: answers),
            Migration(id: "platform-002-nothing-personal-kept", sql: nothingPersonal),
            TaskStore.migration,
            Erasures.migration,
            Erasures.causeMigration,
        ])

    private static let answers = """
        create table idempotency_key (
            sender text not null,
            key text not null,
            fingerprint bytea not null,
            claimed_at timestamptz not null default clock_timestamp(),
            status int,
            content_type text,
            location text,
            body bytea,
            primary key (sender, key)
        );
        create index idempotency_key_claimed_at on idempotency_key (claimed_at);
        """

    /// Earlier rows held the sender and the whole response. They are deleted, with the keys of the last day.
    ///
    /// `location` stays, empty, because `user-003` creates an index on it, also in new schemas.
    private static let nothingPersonal = """
        delete from idempotency_key;
        alter table idempotency_key
            drop column sender, drop column key, drop column status, drop column content_type, drop column body,
            add column digest bytea primary key,
            add column made text;
        """
}
