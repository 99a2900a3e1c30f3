internal import Avro
internal import Postgres
internal import SchemaRegistry

extension FailureClass {
    /// The class of any error: its own class, or a classification of the drivers' errors. Unknown errors are transient.
    public init(of error: any Error) {
        switch error {
        case let error as any ClassifiedError: self = error.failureClass
        case let error as PostgresError: self = Self.of(error)
        case let error as EventCodecError: self = Self.of(error)
        case is AvroError: self = .permanent
        case EventLogError.unavailable: self = .dependencyDown
        default: self = .transient
        }
    }

    /// A registry that answers "no such schema" is available. Its replicas may lag, so the lookup is retried, but only as often as other
    /// failures: one damaged message must not block its partition.
    private static func of(_ error: EventCodecError) -> FailureClass {
        if error.isPermanent { return .permanent }
        return error.kind == .unknownSchema ? .transient : .dependencyDown
    }

    private static func of(_ error: PostgresError) -> FailureClass {
        switch error.kind {
        case .connection, .acquireTimeout, .busy, .closed: .dependencyDown
        case .encoding, .decoding: .permanent
        case .server: error.isInability ? .dependencyDown : ofState(error.sqlState ?? "")
        default: .transient
        }
    }

    /// A value that violates the schema stays invalid, and a missing table or right needs an operator; a missing row may still arrive.
    private static func ofState(_ state: String) -> FailureClass {
        if state.hasPrefix("22") || state.hasPrefix("42") || state == "23502" || state == PostgresError.checkViolation {
            return .permanent
        }
        return .transient
    }

    /// The stable name of a failure for dead letters: the error class, without data.
    public static func name(of error: any Error) -> String {
        (error as? any ClassifiedError)?.failureName ?? String(describing: type(of: error))
    }
}
