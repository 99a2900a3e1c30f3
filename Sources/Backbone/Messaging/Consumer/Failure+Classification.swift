internal import Avro
internal import Postgres
internal import SchemaRegistry

extension FailureClass {
    /// The class of any error: its own, or what is known of the drivers' errors; unknown ones are worth another try.
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

    /// A registry that answers "no such schema" is not down. Its copies may lag for a moment, so that is tried again, but no longer
    /// than anything else: one damaged message must not hold its partition for ever.
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

    /// Values the schema cannot hold stay wrong; a missing row may still arrive.
    private static func ofState(_ state: String) -> FailureClass {
        if state.hasPrefix("22") || state == "23502" || state == PostgresError.checkViolation { return .permanent }
        return .transient
    }

    /// The stable name of a failure for dead letters: class of error, never data.
    public static func name(of error: any Error) -> String {
        (error as? any ClassifiedError)?.failureName ?? String(describing: type(of: error))
    }
}
