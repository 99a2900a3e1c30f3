internal import EventLoop

/// One step of a schema's history. It must not change after release; new steps are appended.
public struct Migration: Sendable, Hashable {
    /// Unique in its schema, such as "user-001-account".
    public let id: String
    /// One or more statements, separated by semicolons.
    public let sql: String

    public init(id: String, sql: String) {
        self.id = id
        self.sql = sql
    }
}

/// The migrations of one component, run in each schema in which the component has tables. It is append-only, independent of other
/// components.
public struct MigrationHistory: Sendable, Hashable {
    /// Must not change after release, such as "messaging".
    public let component: String
    /// In execution order.
    public let migrations: [Migration]

    public init(component: String, _ migrations: [Migration]) {
        self.component = component
        self.migrations = migrations
    }
}

/// The limits of ``Database/migrate(_:schema:limits:)``.
public struct MigrationLimits: Sendable {
    /// The lock timeout. While a migration waits for a table lock, later statements on that table queue behind it.
    public var lockTimeout: Duration
    /// How often the migrations are tried.
    public var attemptsMax: Int
    /// The pause between two attempts, in which queued statements can run.
    public var pause: Duration

    public init(lockTimeout: Duration = .seconds(3), attemptsMax: Int = 10, pause: Duration = .seconds(1)) {
        self.lockTimeout = lockTimeout
        self.attemptsMax = attemptsMax
        self.pause = pause
    }
}

extension Database {
    /// Creates the schema if needed and runs its new migrations, each once, all in one transaction.
    ///
    /// The histories run in the given order. On an existing schema a later history may already have run before new steps of an earlier
    /// one, so each step may rely only on what the other components released before it.
    ///
    /// Several processes may call this concurrently: an advisory lock lets one run the migrations; the others then find them done.
    /// - Throws: ``PostgresError`` of kind `migration` when an executed migration was changed, removed or reordered, when the database
    ///   was migrated by a newer program, or when a table lock is not acquired in any attempt.
    public func migrate(_ histories: [MigrationHistory], schema: String, limits: MigrationLimits = .init()) async throws
    {
        let ids = histories.flatMap { $0.migrations.map(\.id) }
        guard Set(ids).count == ids.count, Set(histories.map(\.component)).count == histories.count else {
            throw PostgresError(.migration, "two migrations or two components of \(schema) have the same name")
        }
        var attempt = 1
        while true {
            do {
                return try await migrateOnce(histories, schema: schema, lockTimeout: limits.lockTimeout)
            } catch let error as PostgresError where error.sqlState == PostgresError.lockNotAvailable {
                guard attempt < limits.attemptsMax else { throw error.givenUp(after: attempt, limits) }
            }
            attempt += 1
            try await loops.next().sleep(for: limits.pause)
        }
    }

    private func migrateOnce(_ histories: [MigrationHistory], schema: String, lockTimeout: Duration) async throws {
        try await transaction { tx in
            tx.lane.allowAnyDuration()
            let lock = "learning-hub migrations of " + schema
            _ = try await tx.query("select pg_advisory_xact_lock(hashtextextended(\(lock), 0))")
            // Set after the advisory lock: callers wait for that lock without a timeout until its holder commits.
            let milliseconds = Int(min(max(.milliseconds(1), lockTimeout), .seconds(3_600)) / .milliseconds(1))
            _ = try await tx.query("select set_config('lock_timeout', \("\(milliseconds)ms"), true)")
            try await tx.preparePast(of: schema, histories)
            let past = try await tx.past()
            for history in histories { try await tx.check(history, against: past, in: schema) }
            let components = Set(histories.map(\.component))
            if let other = past.first(where: { !components.contains($0.component) }) {
                throw PostgresError.newerProgram(other.id, schema)
            }
            for history in histories {
                let count = past.count { $0.component == history.component }
                for migration in history.migrations.dropFirst(count) {
                    try await tx.run(migration, of: history.component, in: schema)
                }
            }
        }
    }
}

extension PostgresError {
    fileprivate static let lockNotAvailable = "55P03"

    fileprivate static func newerProgram(_ id: String, _ schema: String) -> PostgresError {
        PostgresError(
            .migration,
            "\(schema) was brought up to date by a newer program: '\(id)' is unknown to this one; start that program or a newer one"
        )
    }

    fileprivate func givenUp(after attempts: Int, _ limits: MigrationLimits) -> PostgresError {
        PostgresError(
            .migration,
            "\(message): a table it changes was in use, \(attempts) times for \(limits.lockTimeout); end the transaction that uses it "
                + "(select pid, xact_start, application_name from pg_stat_activity order by xact_start) and start again",
            sqlState: sqlState)
    }
}

private struct PastMigration {
    let component: String
    let id: String
    let checksum: [UInt8]
}

extension Transaction {
    fileprivate func preparePast(of schema: String, _ histories: [MigrationHistory]) async throws {
        // Checked first: "create schema if not exists" needs the CREATE right even when the schema exists.
        if try await query("select from pg_namespace where nspname = \(schema)").isEmpty {
            try await execute("create schema \(quoted: schema)")
        }
        try await execute("set local search_path to \(quoted: schema)")
        let columns = try await query(
            """
            select attname::text from pg_attribute
            where attrelid = to_regclass(quote_ident(\(schema)) || '.migration') and attnum > 0 and not attisdropped
            """
        ).map { try $0.decode(String.self) }
        if columns.isEmpty {
            try await execute(
                """
                create table migration (
                    position int primary key,
                    component text not null,
                    id text not null unique,
                    checksum bytea not null,
                    applied_at timestamptz not null default now()
                )
                """)
        } else if !columns.contains("component") {
            try await nameComponents(of: schema, histories)
        }
    }

    /// Older versions kept one history per schema, without components, in the same table.
    private func nameComponents(of schema: String, _ histories: [MigrationHistory]) async throws {
        try await execute("alter table migration add column component text")
        for row in try await query("select id from migration order by position") {
            let id = try row.decode(String.self)
            guard let owner = histories.first(where: { $0.migrations.contains { $0.id == id } }) else {
                throw PostgresError.newerProgram(id, schema)
            }
            try await execute("update migration set component = \(owner.component) where id = \(id)")
        }
        try await execute("alter table migration alter column component set not null")
    }

    /// `position` counts all migrations of the schema, over all components.
    fileprivate func past() async throws -> [PastMigration] {
        try await query("select component, id, checksum from migration order by position").map { row in
            let (component, id, checksum) = try row.decode(String.self, String.self, [UInt8].self)
            return PastMigration(component: component, id: id, checksum: checksum)
        }
    }

    fileprivate func check(
        _ history: MigrationHistory, against past: [PastMigration], in schema: String
    ) async throws {
        let own = past.filter { $0.component == history.component }
        for (migration, past) in zip(history.migrations, own) {
            guard migration.id == past.id else {
                throw PostgresError(
                    .migration, "\(schema) has had '\(past.id)' where this program has '\(migration.id)'")
            }
            let same = try await query("select sha256(convert_to(\(migration.sql), 'UTF8')) = \(past.checksum)")
            guard try same.first?.get(0, as: Bool.self) == true else {
                throw PostgresError(
                    .migration, "'\(migration.id)' of \(schema) was changed after it had run; add a new one")
            }
        }
        if let more = own.dropFirst(history.migrations.count).first {
            throw PostgresError.newerProgram(more.id, schema)
        }
    }

    fileprivate func run(_ migration: Migration, of component: String, in schema: String) async throws {
        do {
            try await runScript(migration.sql)
        } catch var error as PostgresError {
            if error.sqlState == PostgresError.lockNotAvailable { error.message = "'\(migration.id)' of \(schema)" }
            throw error
        }
        // A script may have changed the search path.
        try await execute("set local search_path to \(quoted: schema)")
        try await execute(
            """
            insert into migration (position, component, id, checksum)
            select coalesce(max(position), 0) + 1, \(component), \(migration.id),
                sha256(convert_to(\(migration.sql), 'UTF8'))
            from migration
            """)
    }
}
