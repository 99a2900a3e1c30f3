public import HTTP
internal import EventLoop
internal import Observability
internal import Postgres

/// A service's error that the client should understand. Each service maps its own in one switch beside the error.
public protocol ProblemConvertible: Error {
    var problem: Problem { get }
}

extension Problem {
    /// The problem sent for `error`. An unexpected error becomes a problem without details.
    public init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let convertible as any ProblemConvertible: self = convertible.problem
        case let error as PostgresError where error.kind != .server || error.isInability: self = .unavailable
        case HTTPBodyError.tooLarge: self = .bodyTooLarge
        case HTTPBodyError.timedOut: self = .requestTimeout
        case is HTTPBodyError: self = .clientGone
        case let full as Bulkhead.Full: self = .tooBusy(retryAfterSeconds: full.retryAfterSeconds)
        case is BlockingPool.Refusal, is CancellationError: self = .unavailable
        default: self = .internalError
        }
    }

    /// Like ``init(_:)``, for the current task's request: after its cancellation, the client is the cause of any failure.
    public init(answering error: any Error) {
        let problem = Problem(error)
        self = Task.isCancelled && problem.isOurFault ? .clientGone : problem
    }

    /// Whether an operator should examine the cause.
    public var isOurFault: Bool { status.code >= 500 }
}
