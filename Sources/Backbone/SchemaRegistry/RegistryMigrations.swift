public import Postgres

extension PostgresSchemaRegistry {
    /// Append-only.
    public static let migrations = MigrationHistory(
        component: schema,
        [
            Migration(
                id: "0001 schemas and versions",
                sql: """
                    create table registry.schema (
                        id integer primary key generated always as identity,
                        text text not null,
                        registered_at timestamptz not null default now()
                    );
                    create unique index schema_text on registry.schema (md5(text));
                    create table registry.version (
                        subject text not null,
                        version integer not null,
                        schema_id integer not null references registry.schema,
                        registered_at timestamptz not null default now(),
                        primary key (subject, version),
                        unique (subject, schema_id)
                    );
                    """),
            Migration(
                id: "0002 deleted versions and rules",
                sql: """
                    alter table registry.version add column deleted_at timestamptz;
                    create index version_schema on registry.version (schema_id);
                    create table registry.rule (
                        -- null: for every subject that has none of its own
                        subject text unique nulls not distinct,
                        compatibility text,
                        mode text
                    );
                    """),
        ])
}
