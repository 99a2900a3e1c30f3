public import EventLoop

/// A PostgreSQL database: a small pool of connections on each loop, opened as they are needed.
///
/// Single statements of many callers share a pipelined connection; a transaction has a connection to itself. May be used from
/// a loop, where nothing hops, or from anywhere else.
public final class Database: Sendable {
    public typealias Configuration = DatabaseConfiguration

    public let configuration: DatabaseConfiguration
    let loops: EventLoopGroup

    /// Opens no connection yet.
    /// - Parameter url: `postgresql://user@host/name` or libpq's `key=value` form.
    public init(url: String, loops: EventLoopGroup, configuration: DatabaseConfiguration = .init()) {
        self.configuration = configuration
        self.loops = loops
    }

    /// Runs one statement on a shared connection. It is a transaction of its own.
    ///
    /// A statement that takes long holds up others behind it on that connection: give it a ``transaction(isolation:attempts:_:)``.
    /// - Throws: ``PostgresError``, or `CancellationError` once the caller is cancelled and the server was told so.
    public func query(_ sql: SQL) async throws -> Rows {
        throw PostgresError(.closed, "not yet")
    }

    /// As ``query(_:)``; returns how many rows were touched.
    @discardableResult
    public func execute(_ sql: SQL) async throws -> Int {
        try await query(sql).affectedCount
    }

    /// Runs `body` in a transaction and commits it when it returns, else rolls it back.
    ///
    /// `body` runs again from its start when the server reports a serialization failure or a deadlock, so it must not have
    /// effects outside the transaction; see ``Transaction/afterCommit(_:)`` for those.
    /// - Parameter attempts: how often `body` is run at most.
    /// - Throws: what `body` throws, ``PostgresError``, `CancellationError`.
    public func transaction<Result: Sendable>(
        isolation: Isolation = .readCommitted, attempts: Int = 5,
        _ body: (Transaction) async throws -> Result
    ) async throws -> Result {
        throw PostgresError(.closed, "not yet")
    }

    /// The payloads sent to a channel from now on, as a rule wake-ups.
    ///
    /// Each time listening begins anew, after a lost connection too, an empty payload is yielded: notifications may have been
    /// missed, look for yourself. The newest 1,024 are kept for a slow reader.
    public func notifications(on channel: String) -> AsyncStream<String> {
        AsyncStream { _ in }
    }

    /// Refuses new work, lets what runs finish and closes every connection.
    public func close() async {
    }
}
