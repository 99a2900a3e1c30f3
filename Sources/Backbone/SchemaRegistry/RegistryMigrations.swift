public import Postgres

extension PostgresSchemaRegistry {
    /// Append-only.
    public static let migrations = MigrationHistory(
        component: "registry",
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
                    """)
        ])
}
