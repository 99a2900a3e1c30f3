internal import Contracts
internal import Messaging
internal import Observability
internal import Postgres

/// A service's schema in the database, and a role with access to this schema only.
struct ServiceSchema {
    let name: String
    let role: String

    init(_ service: ServiceName) { self.init(name: service.rawValue) }

    init(name: String) {
        self.name = name
        role = "hub_\(name)"
    }

    /// Migrates the schema: the histories of all components with tables in it.
    /// - Parameter owner: a login that may create schemas and usually roles.
    /// - Returns: the role to use; nil when the login may not create roles, as in some managed databases, or may not use
    ///   one that another login has created.
    func prepare(_ histories: [MigrationHistory], as owner: Database) async throws -> String? {
        try await owner.migrate(histories, schema: name)
        do {
            try await owner.execute(makeRole)
            // Roles belong to the whole server, so another hub may have created this one; grants are per hub.
            try await owner.transaction { tx in
                for statement in grants { try await tx.execute(statement) }
            }
        } catch let error as PostgresError where error.sqlState == "42501" {
            return nil
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
            // Two processes that start at once would update the same catalogue rows.
            "select pg_advisory_xact_lock(hashtextextended('hub.grants', 0))",
            "grant \(quoted: role) to current_user",
            "grant usage on schema \(quoted: name) to \(quoted: role)",
            "grant select, insert, update, delete, truncate on all tables in schema \(quoted: name) to \(quoted: role)",
            "grant usage on all sequences in schema \(quoted: name) to \(quoted: role)",
            "grant execute on all functions in schema \(quoted: name) to \(quoted: role)",
        ]
    }
}
