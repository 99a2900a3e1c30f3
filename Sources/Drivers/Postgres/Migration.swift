internal import EventLoop

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

/// The limits of ``Database/migrate(_:schema:limits:)``.
public struct MigrationLimits: Sendable {
    /// How long a statement waits for a table that somebody uses. Whoever else comes to that table stands behind it meanwhile.
    public var lockTimeout: Duration
    /// How often the migrations are tried before they are given up.
    public var attemptsMax: Int
    /// Between two attempts: those who stood behind have their turn.
    public var pause: Duration

    public init(lockTimeout: Duration = .seconds(3), attemptsMax: Int = 10, pause: Duration = .seconds(1)) {
        self.lockTimeout = lockTimeout
        self.attemptsMax = attemptsMax
        self.pause = pause
    }
}

extension Database {
    /// Creates the schema if need be and runs the migrations it has not seen, each once, all in one transaction.
    ///
    /// Any number of processes may call this at once: an advisory lock lets one work and the others find it done.
    /// - Throws: ``PostgresError`` of kind `migration` when a migration that has run was changed, removed or reordered, and when a
    ///   table stays in use for all attempts.
    public func migrate(_ migrations: [Migration], schema: String, limits: MigrationLimits = .init()) async throws {
        guard Set(migrations.map(\.id)).count == migrations.count else {
            throw PostgresError(.migration, "two migrations of \(schema) have the same id")
        }
        var attempt = 1
        while true {
            do {
                return try await migrateOnce(migrations, schema: schema, lockTimeout: limits.lockTimeout)
            } catch let error as PostgresError where error.sqlState == PostgresError.lockNotAvailable {
                guard attempt < limits.attemptsMax else { throw error.givenUp(after: attempt, limits) }
            }
            attempt += 1
            try await loops.next().sleep(for: limits.pause)
        }
    }

    private func migrateOnce(_ migrations: [Migration], schema: String, lockTimeout: Duration) async throws {
        try await transaction { tx in
            tx.lane.allowAnyDuration()
            let lock = "learning-hub migrations of " + schema
            _ = try await tx.query("select pg_advisory_xact_lock(hashtextextended(\(lock), 0))")
            // From here on: for the lock above everybody waits until who has it is done.
            let milliseconds = Int(min(max(.milliseconds(1), lockTimeout), .seconds(3_600)) / .milliseconds(1))
            _ = try await tx.query("select set_config('lock_timeout', \("\(milliseconds)ms"), true)")
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

extension PostgresError {
    fileprivate static let lockNotAvailable = "55P03"

    fileprivate func givenUp(after attempts: Int, _ limits: MigrationLimits) -> PostgresError {
        PostgresError(
            .migration,
            "\(message): a table it changes was in use, \(attempts) times for \(limits.lockTimeout); end the transaction that uses it "
                + "(select pid, xact_start, application_name from pg_stat_activity order by xact_start) and start again",
            sqlState: sqlState)
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
        do {
            try await runScript(migration.sql)
        } catch var error as PostgresError {
            if error.sqlState == PostgresError.lockNotAvailable { error.message = "'\(migration.id)' of \(schema)" }
            throw error
        }
        // A script may have set another path.
        try await execute("set local search_path to \(quoted: schema)")
        try await execute(
            """
            insert into migration (position, id, checksum)
            values (\(index + 1), \(migration.id), sha256(convert_to(\(migration.sql), 'UTF8')))
            """)
    }
}
