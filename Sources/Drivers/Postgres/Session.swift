internal import EventLoop

/// A connection for one caller alone, with no transaction around its statements: for what lives as long as a session of the
/// server, such as advisory locks and settings.
///
/// Between two statements it keeps nothing but those: no snapshot that holds vacuum back, no lock that a migration waits for.
public final class Session: Sendable {
    private let connection: Connection

    fileprivate init(_ connection: Connection) { self.connection = connection }

    /// Runs one statement. It is a transaction of its own.
    /// - Throws: ``PostgresError``, `CancellationError`.
    public func query(_ sql: SQL) async throws -> Rows {
        let connection = connection
        return try await Statement(sql).run(on: connection.loop) { connection.submit($0) }
    }
}

extension Database {
    /// Runs `body` with a session of its own. The connection is closed after it, and with it goes whatever the session held.
    ///
    /// It is one of ``DatabaseConfiguration/connectionsPerLoop`` meanwhile.
    /// - Throws: what `body` throws, ``PostgresError``, `CancellationError`.
    public func session<Result: Sendable>(_ body: (Session) async throws -> Result) async throws -> Result {
        let connection = try await pool().acquire()
        defer { connection.loop.execute { connection.close() } }
        return try await body(Session(connection))
    }
}
