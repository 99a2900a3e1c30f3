public import Postgres

/// The tables in the schema of every service that sends or handles events.
public enum MessagingMigrations {
    /// Run in the service's schema, before the service's own migrations.
    public static let service = MigrationHistory(
        component: "messaging",
        [
            Migration(id: "messaging-001-outbox", sql: outbox),
            Migration(id: "messaging-002-inbox", sql: inbox),
            Migration(id: "messaging-003-dead-letters", sql: deadLetters),
            Migration(id: "messaging-004-journal", sql: journal),
            Migration(id: "messaging-005-any-record", sql: anyRecord),
            Migration(id: "messaging-006-positions", sql: positions),
        ])

    /// Rows live for milliseconds, so autovacuum is triggered by a row count, not a fraction. `outbox_dead` keeps permanently refused
    /// events.
    private static let outbox = """
        create table outbox (
            id bigint generated always as identity primary key,
            created_at timestamptz not null default clock_timestamp(),
            topic text not null,
            key text not null,
            event_id text not null,
            headers bytea not null,
            value bytea not null
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
            autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000);
        create table outbox_dead (
            id bigint primary key,
            created_at timestamptz not null,
            refused_at timestamptz not null default clock_timestamp(),
            reason text not null,
            topic text not null,
            key text not null,
            event_id text not null,
            headers bytea not null,
            value bytea not null
        );
        """

    /// Dead letters are sent through the outbox too, with their records' keys and values, which may be null.
    private static let anyRecord = """
        alter table outbox alter column key type bytea using convert_to(key, 'UTF8'), alter column key drop not null,
            alter column value drop not null;
        alter table outbox_dead alter column key type bytea using convert_to(key, 'UTF8'), alter column key drop not null,
            alter column value drop not null;
        """

    /// The next offsets of groups; `epoch` increases with every change of the holder.
    private static let positions = """
        create table consumer_position (
            consumer_group text not null,
            topic text not null,
            partition int not null,
            epoch bigint not null,
            next_offset bigint,
            primary key (consumer_group, topic, partition)
        ) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
        """

    /// A row records that a group has handled an event. It commits with the effect, and outlives every copy of the event.
    private static let inbox = """
        create table inbox (
            consumer_group text not null,
            event_id text not null,
            event_type text not null,
            handlers text not null,
            handled_at timestamptz not null default clock_timestamp(),
            expires_at timestamptz not null,
            primary key (consumer_group, event_id)
        );
        create index inbox_expires_at on inbox using brin (expires_at);
        """

    /// Dead letters are stored in the log; this table records which were resolved, and how.
    private static let deadLetters = """
        create table dead_letter_resolution (
            consumer_group text not null,
            partition int not null,
            "offset" bigint not null,
            resolution text not null check (resolution in ('redriven', 'discarded')),
            batch_id text not null,
            resolved_at timestamptz not null,
            primary key (consumer_group, partition, "offset")
        );
        """

    /// Steps that are neither events nor effects: answered requests, delivered mails.
    private static let journal = """
        create table journal (
            at timestamptz not null,
            kind text not null,
            name text not null,
            correlation_id text not null,
            event_id text,
            causation_id text
        );
        create index journal_correlation on journal (correlation_id);
        create index journal_at on journal using brin (at);
        """
}
