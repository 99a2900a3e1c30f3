public import EventLoop
internal import Synchronization

/// A PostgreSQL database: a small connection pool per loop, opened on demand.
///
/// Single statements of many callers share pipelined connections; a transaction has exclusive use of one. May be called from a loop,
/// without thread switches, or from anywhere else.
public final class Database: Sendable {
    public typealias Configuration = DatabaseConfiguration

    public let configuration: DatabaseConfiguration
    let url: String
    let loops: EventLoopGroup
    private let pools: [LoopPool]
    private let listener: Listener
    /// The server has refused a statement for lack of resources or rights, and no write has succeeded since.
    let isUnable = Atomic(false)

    /// Opens no connection yet.
    /// - Parameter url: `postgresql://user@host/name` or libpq's `key=value` form.
    public init(url: String, loops: EventLoopGroup, configuration: DatabaseConfiguration = .init()) {
        self.url = url
        self.configuration = configuration
        self.loops = loops
        let outageStart = OutageStart()
        pools = loops.loops.map {
            LoopPool(url: url, loop: $0, configuration: configuration, outageStart: outageStart)
        }
        listener = Listener(url: url, loop: loops.next(), configuration: configuration)
    }

    deinit {
        for pool in pools { pool.loop.execute { pool.abandon() } }
        listener.loop.execute { [listener] in listener.close() }
    }

    /// Runs one statement on a shared connection, in its own transaction.
    ///
    /// A slow statement delays others behind it on that connection: use ``transaction(attempts:_:)`` for it.
    /// - Throws: ``PostgresError``, or `CancellationError` once the caller is cancelled and the server was asked to cancel the statement.
    public func query(_ sql: SQL) async throws -> Rows {
        let pool = pool()
        do {
            return try await Statement(sql).run(on: pool.loop) { pool.submit($0) }
        } catch {
            note(error)
            throw error
        }
    }

    /// As ``query(_:)``; returns the number of affected rows.
    @discardableResult
    public func execute(_ sql: SQL) async throws -> Int {
        try await query(sql).affectedCount
    }

    /// Runs `body` in a transaction (isolation level `read committed`). Commits when `body` returns, rolls back when it throws.
    ///
    /// After a serialization failure or deadlock, `body` runs again from its start, so it must have no effects outside the transaction;
    /// see ``Transaction/afterCommit(_:)`` for those.
    /// - Parameter attempts: how often `body` runs at most.
    /// - Throws: what `body` throws, ``PostgresError``, `CancellationError`.
    @discardableResult
    public func transaction<Result: Sendable>(
        attempts: Int = 5, _ body: (Transaction) async throws -> Result
    ) async throws -> Result {
        let pool = pool()
        var attempt = 1
        while true {
            let transaction = Transaction(lane: TransactionLane(try await pool.acquire(), pool))
            do {
                let result = try await body(transaction)
                try await transaction.commit()
                return result
            } catch {
                let failure = error as? PostgresError
                let cause = await transaction.rollback() ?? failure
                if let cause { note(cause) }
                guard let cause, cause.isRetryable, attempt < attempts, !Task.isCancelled else {
                    // The caller has not yet received the statement's error, so report it now.
                    throw failure?.kind == .aborted ? cause ?? error : error
                }
                try await pool.loop.sleep(for: Self.pause(afterAttempt: attempt))
                attempt += 1
            }
        }
    }

    /// Full jitter, so that two conflicting transactions do not retry at the same time.
    private static func pause(afterAttempt attempt: Int) -> Duration {
        .microseconds(Int.random(in: 0...min(200_000, 2_000 << min(attempt, 10))))
    }

    /// The payloads of notifications on a channel from now on.
    ///
    /// Each time listening starts, also after a lost connection, an empty payload is yielded: notifications may have been missed, so the
    /// subscriber must check for itself. For a slow subscriber the newest 1,024 payloads are kept.
    public func notifications(on channel: String) -> AsyncStream<String> {
        listener.stream(of: channel)
    }

    /// Refuses new work, waits for running work and closes every connection.
    public func close() async {
        let listener = listener
        listener.loop.execute { listener.close() }
        for pool in pools { await pool.close() }
    }

    func pool() -> LoopPool {
        let loop = loops.next()
        for pool in pools where pool.loop === loop { return pool }
        preconditionFailure("the loop does not belong to this database's group")
    }
}
