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

    public static let internalError = Problem(
        .internalServerError, "internal-error",
        detail: "Something went wrong on our side. Name the correlation id when you report it.")
    public static let unavailable = Problem(
        .serviceUnavailable, "unavailable", detail: "A part of the hub is busy or restarting. Try again shortly.",
        fields: ["retry-after": "1"])

    /// More of one kind of work is under way than is done in time; everything else goes on.
    public static func tooBusy(retryAfterSeconds seconds: Int) -> Problem {
        Problem(
            .serviceUnavailable, "too-busy", detail: "Too many such requests are under way. Try again in \(seconds) s.",
            fields: ["retry-after": String(seconds)])
    }

    /// Nobody reads this answer: its client left before it was there. The status is the one proxies log for that.
    public static let clientGone = Problem(499, "client-gone", title: "Client Closed Request")

    /// Whether an operator should look at the error behind it.
    var isOurFault: Bool { status.code >= 500 }
}
