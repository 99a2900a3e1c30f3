internal import CPostgres

/// A statement with its parameters, written as a string literal: an interpolated value becomes a binary parameter, never text.
///
/// ```swift
/// let rows = try await database.query("select name from course where id = \(id)")
/// ```
/// The statement is prepared once per connection. The pieces of the literal are identified by their address, so running a statement again
/// neither builds nor hashes its text.
public struct SQL: ExpressibleByStringInterpolation, Sendable {
    enum Piece: Sendable {
        case literal(StaticString)
        case raw(String)
        case parameter
    }

    var pieces: [Piece]
    var parameters: PostgresParameters
    var key: StatementKey

    public init(stringLiteral value: StaticString) {
        var interpolation = StringInterpolation(literalCapacity: 0, interpolationCount: 0)
        interpolation.appendLiteral(value)
        self.init(stringInterpolation: interpolation)
    }

    public init(stringInterpolation interpolation: StringInterpolation) {
        self = interpolation.sql
    }

    private init(parameterCount: Int) {
        pieces = []
        pieces.reserveCapacity(2 * parameterCount + 1)
        parameters = PostgresParameters(capacity: parameterCount)
        key = StatementKey()
    }

    /// Trusted text, such as a migration. Never pass user input.
    public init(raw text: String) {
        self.init(parameterCount: 0)
        append(raw: text)
    }

    /// The text sent to the server, with $1, $2 and so on in place of the values.
    public var text: String {
        var text = "", number = 0
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal.description
            case .raw(let raw): text += raw
            case .parameter:
                number += 1
                text += "$\(number)"
            }
        }
        return text
    }

    mutating func append(raw text: String) {
        pieces.append(.raw(text))
        key.mix(text)
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var sql: SQL

        public init(literalCapacity: Int, interpolationCount: Int) {
            sql = SQL(parameterCount: interpolationCount)
        }

        public mutating func appendLiteral(_ literal: StaticString) {
            sql.pieces.append(.literal(literal))
            sql.key.mix(literal)
        }

        /// A value: sent as a binary parameter.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            sql.pieces.append(.parameter)
            sql.parameters.append(value)
            sql.key.mix(UInt64(Value.postgresType.rawValue))
        }

        /// A fragment with its own parameters.
        public mutating func appendInterpolation(_ part: SQL) {
            sql.pieces.append(contentsOf: part.pieces)
            sql.parameters.append(contentsOf: part.parameters)
            sql.key.mix(part.key)
        }

        /// Trusted text, never user input.
        public mutating func appendInterpolation(raw text: String) { sql.append(raw: text) }

        /// The name of a table, column, schema or role, quoted.
        public mutating func appendInterpolation(quoted identifier: String) {
            sql.append(raw: quoteIdentifier(identifier))
        }
    }
}

/// The identifier in double quotes, with inner quotes doubled.
func quoteIdentifier(_ identifier: String) -> String {
    "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

/// Identifies a statement by the addresses of its literals, the text of its raw pieces and its parameter types.
struct StatementKey: Hashable, Sendable {
    private var low: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var high: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    mutating func mix(_ word: UInt64) {
        low = (low ^ word) &* 0xFF51_AFD7_ED55_8CCD
        low ^= low >> 33
        high = (high &+ word) &* 0xC4CE_B9FE_1A85_EC53
        high ^= high >> 29
    }

    mutating func mix(_ literal: StaticString) {
        guard literal.hasPointerRepresentation else { return mix(UInt64(literal.unicodeScalar.value)) }
        mix(UInt64(UInt(bitPattern: literal.utf8Start)))
        mix(UInt64(literal.utf8CodeUnitCount))
    }

    mutating func mix(_ text: String) {
        var word: UInt64 = 0, count: UInt64 = 0
        for byte in text.utf8 {
            word = word << 8 | UInt64(byte)
            count += 1
            if count % 8 == 0 { mix(word) }
        }
        mix(word)
        mix(~count)
    }

    mutating func mix(_ other: StatementKey) {
        mix(other.low)
        mix(other.high)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(low) }
}
