/// What a failure asks of the consumer.
public enum FailureClass: String, Sendable, CaseIterable {
    /// Will never work: to the dead letters at once.
    case permanent
    /// May work in a moment: tried again in place, a bounded number of times, then to the dead letters.
    case transient
    /// Something the handler needs is down: the partition waits, as long as it takes.
    case dependencyDown = "dependency-down"
}

/// An error that knows its class. Errors that do not are classified by ``FailureClass/init(of:)``.
public protocol ClassifiedError: Error {
    var failureClass: FailureClass { get }
    /// A stable name of the failure, as dead letters and metrics show it; no data.
    var failureName: String { get }
}

extension ClassifiedError {
    public var failureName: String { String(describing: Self.self) }
}

/// A handler's failure with its class. The text is kept with dead letters: no personal data in it.
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
