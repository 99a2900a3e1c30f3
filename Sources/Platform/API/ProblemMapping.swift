public import HTTP
internal import EventLoop
internal import Observability
internal import Postgres

/// An error of a service that the caller should understand. Each service maps its own in one switch beside the error.
public protocol ProblemConvertible: Error {
    var problem: Problem { get }
}

extension Problem {
    /// What the outside is told of `error`. Nothing of an unexpected error leaves the process but the fact.
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

    /// As ``init(_:)``, for the request of the running task: once that is cancelled, whatever fails is its client's doing.
    public init(answering error: any Error) {
        let problem = Problem(error)
        self = Task.isCancelled && problem.isOurFault ? .clientGone : problem
    }

    /// Whether an operator should look at the error behind it.
    public var isOurFault: Bool { status.code >= 500 }
}
