internal import Contracts
internal import Messaging
internal import Observability
internal import Postgres

/// A service's own corner of the database: a schema, and a role that sees this schema and nothing else.
struct ServiceSchema {
    let name: String
    let role: String

    init(_ service: ServiceName) { self.init(name: service.rawValue) }

    init(name: String) {
        self.name = name
        role = "hub_\(name)"
    }

    /// Brings the schema up to date: the histories of all components that have tables in it.
    /// - Parameter owner: a login that may create schemas, and as a rule roles.
    /// - Returns: the role to work as; nil when the login may not make roles, as some managed databases have it.
    func prepare(_ histories: [MigrationHistory], as owner: Database) async throws -> String? {
        try await owner.migrate(histories, schema: name)
        do {
            try await owner.execute(makeRole)
        } catch let error as PostgresError where error.sqlState == "42501" {
            return nil
        }
        // Roles belong to the whole server, so another hub on it may have made this one already; the grants are ours.
        try await owner.transaction { tx in
            for statement in grants { try await tx.execute(statement) }
        }
        return role
    }

    private var makeRole: SQL {
        """
        do $$ begin
            create role \(quoted: role) nologin;
        exception when duplicate_object or unique_violation then null;
        end $$
        """
    }

    private var grants: [SQL] {
        [
            // Two processes that start at once would update the same rows of the catalogue.
            "select pg_advisory_xact_lock(hashtextextended('hub.grants', 0))",
            "grant \(quoted: role) to current_user",
            "grant usage on schema \(quoted: name) to \(quoted: role)",
            "grant select, insert, update, delete, truncate on all tables in schema \(quoted: name) to \(quoted: role)",
            "grant usage on all sequences in schema \(quoted: name) to \(quoted: role)",
            "grant execute on all functions in schema \(quoted: name) to \(quoted: role)",
        ]
    }
}
