/// One step of a schema's history. Once shipped it is never changed; a new one is added behind it.
public struct Migration: Sendable, Hashable {
    /// Unique in its schema, such as "0001 accounts".
    public let id: String
    /// One or more statements, separated by semicolons.
    public let sql: String

    public init(id: String, sql: String) {
        self.id = id
        self.sql = sql
    }
}

extension Database {
    /// Creates the schema if need be and runs the migrations it has not seen, each once, all in one transaction.
    ///
    /// Any number of processes may call this at once: an advisory lock lets one work and the others find it done.
    /// - Throws: ``PostgresError`` of kind `migration` when a migration that has run was changed, removed or reordered.
    public func migrate(_ migrations: [Migration], schema: String) async throws {
        guard Set(migrations.map(\.id)).count == migrations.count else {
            throw PostgresError(.migration, "two migrations of \(schema) have the same id")
        }
        try await transaction { tx in
            tx.lane.allowAnyDuration()
            let lock = "learning-hub migrations of " + schema
            _ = try await tx.query("select pg_advisory_xact_lock(hashtextextended(\(lock), 0))")
            try await tx.prepareHistory(of: schema)
            let past = try await tx.history(of: schema)
            for (index, migration) in migrations.enumerated() {
                if index < past.count {
                    try await tx.check(migration, against: past[index], in: schema)
                } else {
                    try await tx.run(migration, at: index, in: schema)
                }
            }
            if past.count > migrations.count {
                throw PostgresError(
                    .migration,
                    "\(schema) has had the migration '\(past[migrations.count].id)', unknown to this program")
            }
        }
    }
}

private struct PastMigration {
    let id: String
    let checksum: [UInt8]
}

extension Transaction {
    fileprivate func prepareHistory(of schema: String) async throws {
        // Asked first: "if not exists" needs the right to create even when there is nothing to do.
        if try await query("select from pg_namespace where nspname = \(schema)").isEmpty {
            try await execute("create schema \(quoted: schema)")
        }
        try await execute("set local search_path to \(quoted: schema)")
        guard try await query("select from pg_tables where schemaname = \(schema) and tablename = 'migration'").isEmpty
        else { return }
        try await execute(
            """
            create table migration (
                position int primary key,
                id text not null unique,
                checksum bytea not null,
                applied_at timestamptz not null default now()
            )
            """)
    }

    fileprivate func history(of schema: String) async throws -> [PastMigration] {
        try await query("select id, checksum from migration order by position").map { row in
            let (id, checksum) = try row.decode(String.self, [UInt8].self)
            return PastMigration(id: id, checksum: checksum)
        }
    }

    fileprivate func check(_ migration: Migration, against past: PastMigration, in schema: String) async throws {
        guard migration.id == past.id else {
            throw PostgresError(.migration, "\(schema) has had '\(past.id)' where this program has '\(migration.id)'")
        }
        let same = try await query("select sha256(convert_to(\(migration.sql), 'UTF8')) = \(past.checksum)")
        guard try same.first?.get(0, as: Bool.self) == true else {
            throw PostgresError(
                .migration, "'\(migration.id)' of \(schema) was changed after it had run; add a new one")
        }
    }

    fileprivate func run(_ migration: Migration, at index: Int, in schema: String) async throws {
        try await runScript(migration.sql)
        // A script may have set another path.
        try await execute("set local search_path to \(quoted: schema)")
        try await execute(
            """
            insert into migration (position, id, checksum)
            values (\(index + 1), \(migration.id), sha256(convert_to(\(migration.sql), 'UTF8')))
            """)
    }
}
