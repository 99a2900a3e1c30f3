internal import EventLoop

/// One statement: what is sent, what is received, and the waiting caller.
// @unchecked: created by the caller, then accessed on the connection's loop only.
final class Statement: @unchecked Sendable {
    /// The responses still expected from the server, in the order of their bits.
    struct Steps: OptionSet {
        let rawValue: UInt8
        static let begin = Steps(rawValue: 1)
        static let prepare = Steps(rawValue: 2)
        static let execute = Steps(rawValue: 4)
        static let sync = Steps(rawValue: 8)

        /// The step whose response comes next.
        var next: Steps { Steps(rawValue: rawValue & (~rawValue &+ 1)) }
    }

    /// The statements that every connection prepares when it opens.
    enum Control: String {
        case commit = "hub_commit"
        case rollback = "hub_rollback"
        case begin = "hub_begin"
    }

    let sql: SQL
    let control: Control?
    /// A prepared statement to deallocate on the server; nobody waits for the result.
    let drops: String?
    /// Set when this is the first statement of its transaction: BEGIN is sent before it.
    var begins = false
    var owed: Steps = []
    var prepared: PreparedStatement?
    var rows: ResultOwner?
    var failure: PostgresError?
    /// Why the statement is to be cancelled: a timeout, or cancellation of the caller.
    var stopReason: (any Error)?
    var connection: Connection?
    /// Set while the statement waits in the pool's queue.
    var waitingSince: ContinuousClock.Instant?
    var resendCount = 0
    /// How often cancellation of this statement was requested.
    var cancelAttempts = 0
    /// The connection's cancellation count when this was sent; a later cancellation may have hit this statement by mistake.
    var sentAtCancelCount = 0
    var isFinished = false
    // `finish` resumes it exactly once, guarded by `isFinished`. Unsafe because a checked continuation costs an allocation per
    // statement.
    var continuation: UnsafeContinuation<Rows, any Error>?
    /// The result, if it arrived before anybody awaited it.
    private var result: Result<Rows, any Error>?

    init(_ sql: SQL, control: Control? = nil, drops: String? = nil) {
        self.sql = sql
        self.control = control
        self.drops = drops
    }

    /// A retry follows each cancellation meant for another statement, and there can be many at once.
    static let resendCountMax = 20

    func finish(_ result: Result<Rows, any Error>) {
        if isFinished { return }
        isFinished = true
        connection = nil
        if let continuation {
            self.continuation = nil
            continuation.resume(with: result)
        } else {
            self.result = result
        }
    }

    /// Fails a waiting statement at once. A running statement is cancelled on the server and ends with the server's response.
    func stop(_ reason: any Error) {
        if isFinished || stopReason != nil { return }
        stopReason = reason
        if let connection { connection.stop(self) } else if waitingSince != nil { finish(.failure(reason)) }
    }

    /// Passes the statement to `submit` on `loop` and waits for its result. Cancelling the caller cancels the statement.
    func run(on loop: EventLoop, submit: @escaping @Sendable (Statement) -> Void) async throws -> Rows {
        try await withTaskCancellationHandler {
            try await wait(on: loop, submit: submit)
        } onCancel: {
            loop.execute { self.stop(CancellationError()) }
        }
    }

    /// As ``run(on:submit:)`` without cancellation, for COMMIT and ROLLBACK.
    func wait(on loop: EventLoop, submit: @escaping @Sendable (Statement) -> Void) async throws -> Rows {
        try await withUnsafeThrowingContinuation { continuation in
            self.continuation = continuation
            loop.execute {
                if let reason = self.stopReason { self.finish(.failure(reason)) } else { submit(self) }
            }
        }
    }

    /// Waits for the result of a statement already submitted on `loop`. Call once. Cancelling the caller cancels the statement.
    func end(on loop: EventLoop) async throws -> Rows {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                loop.execute {
                    if let result = self.result {
                        continuation.resume(with: result)
                    } else {
                        self.continuation = continuation
                    }
                }
            }
        } onCancel: {
            loop.execute { self.stop(CancellationError()) }
        }
    }
}
