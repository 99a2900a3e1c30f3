internal import EventLoop

/// One statement on its way: what is sent, what comes back, and who waits for it.
// @unchecked: made by the caller, then touched on the connection's loop alone.
final class Statement: @unchecked Sendable {
    /// The answers the server still owes, in the order of their bits.
    struct Steps: OptionSet {
        let rawValue: UInt8
        static let begin = Steps(rawValue: 1)
        static let prepare = Steps(rawValue: 2)
        static let execute = Steps(rawValue: 4)
        static let sync = Steps(rawValue: 8)

        /// The step whose answer comes next.
        var next: Steps { Steps(rawValue: rawValue & (~rawValue &+ 1)) }
    }

    /// What every connection has prepared from its start.
    enum Control: String {
        case commit = "hub_commit"
        case rollback = "hub_rollback"
        case begin = "hub_begin"
    }

    let sql: SQL
    let control: Control?
    /// The prepared statement this one drops from the server; nobody waits for its end.
    let drops: String?
    /// Set when the statement is the first of its transaction: BEGIN travels in front of it.
    var begins = false
    var owed: Steps = []
    var prepared: PreparedStatement?
    var rows: ResultOwner?
    var failure: PostgresError?
    /// Why the statement is to be stopped: a time-out, or the end of the caller's interest.
    var stopReason: (any Error)?
    var connection: Connection?
    /// Set while the statement waits in the pool's line.
    var waitingSince: ContinuousClock.Instant?
    var resendCount = 0
    /// How often the server was asked to stop this statement.
    var cancelAttempts = 0
    /// How many cancellations the connection had seen when this was sent: a later one may have hit it by mistake.
    var sentAtCancelCount = 0
    var isFinished = false
    // Unsafe: resumed exactly once by `finish`, which `isFinished` guards; a checked one costs an allocation a statement.
    var continuation: UnsafeContinuation<Rows, any Error>?
    /// What came while nobody waited yet.
    private var result: Result<Rows, any Error>?

    init(_ sql: SQL, control: Control? = nil, drops: String? = nil) {
        self.sql = sql
        self.control = control
        self.drops = drops
    }

    /// Each time another's cancellation was in the way, and in a storm of them there are many.
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

    /// Ends a statement that waits; one that is under way is cancelled on the server and ends when the server says so.
    func stop(_ reason: any Error) {
        if isFinished || stopReason != nil { return }
        stopReason = reason
        if let connection { connection.stop(self) } else if waitingSince != nil { finish(.failure(reason)) }
    }

    /// Hands the statement to `submit` on `loop` and waits for its end. Cancelling the caller stops the statement.
    func run(on loop: EventLoop, submit: @escaping @Sendable (Statement) -> Void) async throws -> Rows {
        try await withTaskCancellationHandler {
            try await wait(on: loop, submit: submit)
        } onCancel: {
            loop.execute { self.stop(CancellationError()) }
        }
    }

    /// As ``run(on:submit:)`` for what must not be interrupted: COMMIT and ROLLBACK.
    func wait(on loop: EventLoop, submit: @escaping @Sendable (Statement) -> Void) async throws -> Rows {
        try await withUnsafeThrowingContinuation { continuation in
            self.continuation = continuation
            loop.execute {
                if let reason = self.stopReason { self.finish(.failure(reason)) } else { submit(self) }
            }
        }
    }

    /// Waits for the end of a statement that was submitted on `loop` before, once. Cancelling the caller stops the statement.
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
