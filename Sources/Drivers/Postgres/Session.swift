internal import EventLoop

/// A dedicated connection without a transaction around its statements: for state that lives as long as a server session, such as advisory
/// locks and settings.
///
/// Between statements it holds no snapshot that delays vacuum, and no table lock that a migration waits for.
public final class Session: Sendable {
    private let connection: Connection

    fileprivate init(_ connection: Connection) { self.connection = connection }

    /// Runs one statement in its own transaction.
    /// - Throws: ``PostgresError``, `CancellationError`.
    public func query(_ sql: SQL) async throws -> Rows {
        let connection = connection
        return try await Statement(sql).run(on: connection.loop) { connection.submit($0) }
    }
}

extension Database {
    /// Runs `body` with a dedicated session. The connection is closed afterwards, which releases all session state.
    ///
    /// It counts towards ``DatabaseConfiguration/connectionsPerLoop``.
    /// - Throws: what `body` throws, ``PostgresError``, `CancellationError`.
    public func session<Result: Sendable>(_ body: (Session) async throws -> Result) async throws -> Result {
        let connection = try await pool().acquire()
        defer { connection.loop.execute { connection.close() } }
        return try await body(Session(connection))
    }
}
