internal import CPostgres

/// Why a statement, a transaction or a connection failed.
///
/// Errors contain no data: the server's detail and hint are dropped, and so are messages of error classes that quote values.
public struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// The server refused the statement; ``PostgresError/sqlState`` says why.
        case server
        /// The connection could not be made or was lost. A statement in flight may or may not have run.
        case connection
        /// The connection was lost while COMMIT was in flight: the outcome of the transaction is unknown.
        case commitUnknown
        /// The statement exceeded its time limit and was cancelled.
        case statementTimeout
        /// No connection became free within the time limit.
        case acquireTimeout
        /// The queue of waiting statements is full.
        case busy
        /// A parameter has no representation in PostgreSQL.
        case encoding
        /// A cell has another type or value than requested.
        case decoding
        /// The transaction did not commit because an earlier statement had failed and the caller ignored its error.
        case aborted
        /// Misuse, such as a statement on an ended transaction or a closed database.
        case closed
        /// The migrations of this program do not match those of the database.
        case migration
        /// A private server could not be initialised or started.
        case startup
    }

    public var kind: Kind
    /// The SQLSTATE (PostgreSQL manual, appendix A), when the server sent one.
    public var sqlState: String?
    public var constraint: String?
    public var table: String?
    public var column: String?
    /// Safe to log.
    public var message: String
    /// The server function that raised the error: a stable name where the SQLSTATE is ambiguous.
    var routine: String?

    public init(_ kind: Kind, _ message: String, sqlState: String? = nil) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
    }

    public var description: String {
        var text = "postgres \(kind.rawValue)"
        if let sqlState { text += " \(sqlState)" }
        if let constraint { text += " constraint \(constraint)" }
        if let table { text += " table \(table)" }
        if let column { text += " column \(column)" }
        return message.isEmpty ? text : "\(text): \(message)"
    }

    public static let uniqueViolation = "23505"
    public static let foreignKeyViolation = "23503"
    public static let checkViolation = "23514"
    public static let serializationFailure = "40001"
    public static let deadlockDetected = "40P01"

    public var isUniqueViolation: Bool { sqlState == Self.uniqueViolation }

    /// The table or its schema does not exist.
    public var isOfMissingTable: Bool { sqlState == "42P01" || sqlState == "3F000" }

    /// Whether the same transaction may succeed when run again from its start.
    public var isRetryable: Bool {
        sqlState == Self.serializationFailure || sqlState == Self.deadlockDetected || isStalePlan
    }

    /// The server lacks disk space, memory, connections or the role of the primary. The cause is not the statement, and may be temporary.
    public var isInability: Bool {
        guard let sqlState else { return false }
        return sqlState.hasPrefix("53") || sqlState == Self.readOnly
    }

    /// The tables of a prepared statement changed after it was prepared.
    var isStalePlan: Bool { sqlState == "0A000" && routine == "RevalidateCachedQuery" }

    static let cancelled = "57014"
    static let readOnly = "25006"
    static let insufficientPrivilege = "42501"
    static let unknownStatement = "26000"
}

extension PostgresError {
    static let lost = PostgresError(.connection, "the connection to PostgreSQL was lost")

    /// Reads the fields of an error result.
    init(result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue, let text = hub_pg_result_error(result, CChar(bitPattern: ascii)) else {
                return nil
            }
            return String(cString: text)
        }
        let state = field("C")
        let lost = state.map { $0.hasPrefix("08") || $0.hasPrefix("57P0") } ?? true
        self.init(lost ? .connection : .server, "", sqlState: state)
        constraint = field("n")
        table = field("t")
        column = field("c")
        routine = field("R")
        if let state, Self.quotesNoValues(state), let text = field("M") { message = text }
        if state == nil { message = Self.lost.message }
    }

    /// The error classes whose primary message names only schema objects; others (22, P0, XX) quote values.
    private static func quotesNoValues(_ state: String) -> Bool {
        ["08", "0A", "23", "25", "26", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"]
            .contains(String(state.prefix(2)))
    }
}
