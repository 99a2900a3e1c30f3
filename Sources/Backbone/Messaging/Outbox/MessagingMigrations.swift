public import Postgres

/// The tables every service that sends or handles events has in its own schema.
public enum MessagingMigrations {
    /// To be migrated in the service's schema, before the service's own.
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

    /// Rows live for milliseconds: autovacuum comes by count, not by share. `outbox_dead` keeps what the log refused for good.
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

    /// Dead letters leave by the outbox too, and have whatever key and value their records had.
    private static let anyRecord = """
        alter table outbox alter column key type bytea using convert_to(key, 'UTF8'), alter column key drop not null,
            alter column value drop not null;
        alter table outbox_dead alter column key type bytea using convert_to(key, 'UTF8'), alter column key drop not null,
            alter column value drop not null;
        """

    /// Where groups read on; `epoch` rises with every change of hands.
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

    /// A row says that a group has dealt with an event. It commits with the effect, and outlives every copy of the event.
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

    /// Dead letters themselves are in the log; this says which of them were dealt with, and how.
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

    /// Steps of a journey that are neither events nor effects: a request answered, a mail delivered.
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
