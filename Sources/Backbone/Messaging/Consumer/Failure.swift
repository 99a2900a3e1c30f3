/// How the consumer handles a failure.
public enum FailureClass: String, Sendable, CaseIterable {
    /// Permanent: the event becomes a dead letter at once.
    case permanent
    /// Transient: the event is retried in place a limited number of times, then becomes a dead letter.
    case transient
    /// A dependency of the handler is down: the partition waits without limit.
    case dependencyDown = "dependency-down"
}

/// An error that declares its class. Other errors are classified by ``FailureClass/init(of:)``.
public protocol ClassifiedError: Error {
    var failureClass: FailureClass { get }
    /// A stable name of the failure for dead letters and metrics, without data.
    var failureName: String { get }
}

extension ClassifiedError {
    public var failureName: String { String(describing: Self.self) }
}

/// A handler's failure with its class. The text is stored with dead letters, so it must not contain personal data.
public enum Failure: ClassifiedError, CustomStringConvertible {
    case permanent(String)
    case transient(String)
    case dependencyDown(String)

    public var failureClass: FailureClass {
        switch self {
        case .permanent: .permanent
        case .transient: .transient
        case .dependencyDown: .dependencyDown
        }
    }

    public var failureName: String { failureClass.rawValue }

    public var description: String {
        switch self {
        case .permanent(let text), .transient(let text), .dependencyDown(let text): text
        }
    }
}
