public import EventLoop
internal import Synchronization

/// A PostgreSQL database: a small pool of connections on each loop, opened as they are needed.
///
/// Single statements of many callers share a pipelined connection; a transaction has a connection to itself. May be used from
/// a loop, where nothing hops, or from anywhere else.
public final class Database: Sendable {
    public typealias Configuration = DatabaseConfiguration

    public let configuration: DatabaseConfiguration
    let url: String
    let loops: EventLoopGroup
    private let pools: [LoopPool]
    private let listener: Listener
    /// The server has refused something for want of means, and nothing has been written since that shows otherwise.
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

    /// Runs one statement on a shared connection. It is a transaction of its own.
    ///
    /// A statement that takes long holds up others behind it on that connection: give it a ``transaction(attempts:_:)``.
    /// - Throws: ``PostgresError``, or `CancellationError` once the caller is cancelled and the server was told so.
    public func query(_ sql: SQL) async throws -> Rows {
        let pool = pool()
        do {
            return try await Statement(sql).run(on: pool.loop) { pool.submit($0) }
        } catch {
            note(error)
            throw error
        }
    }

    /// As ``query(_:)``; returns how many rows were touched.
    @discardableResult
    public func execute(_ sql: SQL) async throws -> Int {
        try await query(sql).affectedCount
    }

    /// Runs `body` in a transaction, which sees what others have committed (`read committed`), and commits it when it returns, else rolls it back.
    ///
    /// `body` runs again from its start when the server reports a serialization failure or a deadlock, so it must not have
    /// effects outside the transaction; see ``Transaction/afterCommit(_:)`` for those.
    /// - Parameter attempts: how often `body` is run at most.
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
                    // Nobody has been told of the statement that failed: then this is the moment.
                    throw failure?.kind == .aborted ? cause ?? error : error
                }
                try await pool.loop.sleep(for: Self.pause(afterAttempt: attempt))
                attempt += 1
            }
        }
    }

    /// Full jitter, so that the two that were in each other's way do not meet again.
    private static func pause(afterAttempt attempt: Int) -> Duration {
        .microseconds(Int.random(in: 0...min(200_000, 2_000 << min(attempt, 10))))
    }

    /// The payloads sent to a channel from now on, as a rule wake-ups.
    ///
    /// Each time listening begins anew, after a lost connection too, an empty payload is yielded: notifications may have been
    /// missed, look for yourself. The newest 1,024 are kept for a slow reader.
    public func notifications(on channel: String) -> AsyncStream<String> {
        listener.stream(of: channel)
    }

    /// Refuses new work, lets what runs finish and closes every connection.
    public func close() async {
        let listener = listener
        listener.loop.execute { listener.close() }
        for pool in pools { await pool.close() }
    }

    func pool() -> LoopPool {
        let loop = loops.next()
        for pool in pools where pool.loop === loop { return pool }
        preconditionFailure("a loop that is not of this database's group")
    }
}
