internal import CPostgres

/// Why a statement, a transaction or a connection failed.
///
/// Nothing in it shows data: the server's detail and hint lines are dropped, and so is a message of a class that quotes values.
public struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// The server refused the statement; ``PostgresError/sqlState`` says why.
        case server
        /// The connection could not be made or was lost. A statement in flight may or may not have run.
        case connection
        /// The connection was lost while COMMIT was on its way: nobody can say whether the transaction took place.
        case commitUnknown
        /// The statement took longer than the configuration allows and was cancelled.
        case statementTimeout
        /// No connection became free in time.
        case acquireTimeout
        /// Too many statements wait already.
        case busy
        /// A parameter cannot be expressed in PostgreSQL.
        case encoding
        /// A cell does not hold what was asked for.
        case decoding
        /// The transaction did not commit because a statement before had failed, though its error was swallowed.
        case aborted
        /// Misuse, such as a statement on a transaction that has ended or a closed database.
        case closed
        /// The migrations of this program and those of the database disagree.
        case migration
        /// No private server could be initialised or started.
        case startup
    }

    public var kind: Kind
    /// The five characters of PostgreSQL's appendix A, when the server sent them.
    public var sqlState: String?
    public var constraint: String?
    public var table: String?
    public var column: String?
    /// Safe to log.
    public var message: String
    /// The server's function that raised it, a stable name for what SQLSTATE leaves open.
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

    /// True when the same transaction may succeed if it is run again from its start.
    public var isRetryable: Bool {
        sqlState == Self.serializationFailure || sqlState == Self.deadlockDetected || isStalePlan
    }

    /// The server lacks what it needs to do this: room, memory, connections, or the right to write while another leads. It has nothing to
    /// do with the statement, and may be over in a moment.
    public var isInability: Bool {
        guard let sqlState else { return false }
        return sqlState.hasPrefix("53") || sqlState == Self.readOnly
    }

    /// A prepared statement whose tables changed since.
    var isStalePlan: Bool { sqlState == "0A000" && routine == "RevalidateCachedQuery" }

    static let cancelled = "57014"
    static let readOnly = "25006"
    static let insufficientPrivilege = "42501"
    static let unknownStatement = "26000"
}

extension PostgresError {
    /// Reads the fields of a result that is an error.
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
        if state == nil { message = "the connection was lost" }
    }

    /// The classes whose primary message names only objects of the schema; others (22, P0, XX) quote values.
    private static func quotesNoValues(_ state: String) -> Bool {
        ["08", "0A", "23", "25", "26", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"]
            .contains(String(state.prefix(2)))
    }
}
