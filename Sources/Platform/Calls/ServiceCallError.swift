public import Contracts
public import HTTP
public import Messaging

/// Why a call to another service brought no answer to work with.
public enum ServiceCallError: ClassifiedError, ProblemConvertible, CustomStringConvertible {
    /// It cannot be reached, or did not answer in time. Whether it acted on the call is not known.
    case down(ServiceName)
    /// It has more to do than it takes. It did not act on the call.
    case busy(ServiceName, retryAfterSeconds: Int)
    /// It said no, and will say so again: the problem has its status and code.
    case refused(ServiceName, Problem)
    /// It answered something that is no answer: a failure of its own, or another form than was agreed on.
    case malformed(ServiceName)

    public var failureClass: FailureClass {
        switch self {
        case .down, .busy: .dependencyDown
        case .refused: .permanent
        case .malformed: .transient
        }
    }

    public var failureName: String {
        switch self {
        case .down(let service): "\(service)-down"
        case .busy(let service, _): "\(service)-busy"
        case .refused(let service, _): "refused-by-\(service)"
        case .malformed(let service): "malformed-answer-of-\(service)"
        }
    }

    /// What the caller's own caller is told. A refusal is passed on as it is: where it means something else there, the operation says so.
    public var problem: Problem {
        switch self {
        case .down: .unavailable
        case .busy(_, let seconds): .tooBusy(retryAfterSeconds: seconds)
        case .refused(_, let problem): problem
        case .malformed: .internalError
        }
    }

    public var description: String {
        switch self {
        case .down(let service): "the \(service) service does not answer"
        case .busy(let service, let seconds): "the \(service) service is busy for \(seconds) s"
        case .refused(let service, let problem):
            "the \(service) service refuses: \(problem.status.code) \(problem.code)"
        case .malformed(let service): "the \(service) service answered in a form that is not known"
        }
    }

    /// The code of the refusal, such as `already-enrolled`; nil when it is another error.
    public var refusalCode: String? {
        if case .refused(_, let problem) = self { problem.code } else { nil }
    }
}
