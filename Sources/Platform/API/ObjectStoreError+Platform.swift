public import HTTP
public import Messaging
public import ObjectStore

/// What a store's failure means for who handles an event or a task, and for who asked over HTTP.
extension ObjectStoreError: ClassifiedError, ProblemConvertible {
    public var failureClass: FailureClass {
        switch self {
        case .unavailable: .dependencyDown
        // A bucket that is missing or closed is an operator's to mend, and what waits for it is not lost meanwhile.
        case .refused: .dependencyDown
        case .bodyInterrupted, .cancelled: .transient
        case .badKey, .wrongLength, .wrongChecksum, .outside: .permanent
        }
    }

    public var failureName: String { "object-store" }

    public var problem: Problem {
        switch self {
        case .unavailable, .refused: .unavailable
        default: .internalError
        }
    }
}
