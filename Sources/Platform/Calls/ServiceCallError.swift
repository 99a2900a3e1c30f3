public import Contracts
public import HTTP
public import Messaging

/// Why a call to another service failed.
public enum ServiceCallError: ClassifiedError, ProblemConvertible, CustomStringConvertible {
    /// It is unreachable or timed out. Whether it handled the call is unknown.
    case down(ServiceName)
    /// It is overloaded. It did not handle the call.
    case busy(ServiceName, retryAfterSeconds: Int)
    /// It accepts no such call from this process: it has another version without the operation, or does not recognise the identity.
    case unsupported(ServiceName)
    /// It refused, and would again: the problem has its status and code.
    case refused(ServiceName, Problem)
    /// It failed, or its response has an unexpected format.
    case malformed(ServiceName)

    public var failureClass: FailureClass {
        switch self {
        case .down, .busy, .unsupported: .dependencyDown
        case .refused: .permanent
        case .malformed: .transient
        }
    }

    public var failureName: String {
        switch self {
        case .down(let service): "\(service)-down"
        case .busy(let service, _): "\(service)-busy"
        case .unsupported(let service): "\(service)-unsupported"
        case .refused(let service, _): "refused-by-\(service)"
        case .malformed(let service): "malformed-answer-of-\(service)"
        }
    }

    /// The problem for the caller's client. A refusal is passed on unchanged; an operation maps it where its meaning differs.
    public var problem: Problem {
        switch self {
        case .down, .unsupported: .unavailable
        case .busy(_, let seconds): .tooBusy(retryAfterSeconds: seconds)
        case .refused(_, let problem): problem
        case .malformed: .internalError
        }
    }

    public var description: String {
        switch self {
        case .down(let service): "the \(service) service does not answer"
        case .busy(let service, let seconds): "the \(service) service is busy and can be called again in \(seconds) s"
        case .unsupported(let service):
            "the \(service) service accepts no such call; run all services with the same version, HUB_IDENTITY_SECRET and time"
        case .refused(let service, let problem):
            "the \(service) service refused the call: \(problem.status.code) \(problem.code)"
        case .malformed(let service): "the \(service) service sent a response of an unknown form"
        }
    }

    /// The code of the refusal, such as `already-enrolled`; nil when it is another error.
    public var refusalCode: String? {
        if case .refused(_, let problem) = self { problem.code } else { nil }
    }
}
