public import HTTP
public import Messaging
public import ObjectStore

/// Maps errors of an object store to failure classes (events, tasks) and problems (HTTP).
extension ObjectStoreError: ClassifiedError, ProblemConvertible {
    public var failureClass: FailureClass {
        switch self {
        case .unavailable: .dependencyDown
        // An operator must repair a missing or closed bucket; waiting work is kept until then.
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
