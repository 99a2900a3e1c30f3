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
        throw PostgresError(.closed, "not yet")
    }
}
