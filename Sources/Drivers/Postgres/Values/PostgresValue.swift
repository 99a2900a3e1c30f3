/// A type that can be a parameter of a statement.
///
/// A type with a `String` (or other encodable) raw value only needs to declare the conformance.
public protocol PostgresEncodable {
    /// The declared type of the parameter.
    static var postgresType: PostgresType { get }
    /// Writes the value in the binary format of ``postgresType``.
    func encode(into parameters: inout PostgresParameters)
    /// The type of an array of these.
    static var postgresArrayType: PostgresType { get }
    /// Writes an array of these.
    static func encode(array: [Self], into parameters: inout PostgresParameters)
}

/// A type that can be decoded from a cell.
public protocol PostgresDecodable {
    /// - Throws: ``PostgresError`` of kind `decoding` when the cell is null or has another type or value.
    init(from cell: PostgresCell) throws(PostgresError)
    /// Reads an array of these.
    static func decode(array cell: PostgresCell) throws(PostgresError) -> [Self]
}

public typealias PostgresValue = PostgresEncodable & PostgresDecodable

extension PostgresEncodable {
    public static var postgresArrayType: PostgresType { postgresType.array }
    public static func encode(array: [Self], into parameters: inout PostgresParameters) {
        parameters.write(array: array)
    }
}

extension PostgresDecodable {
    public static func decode(array cell: PostgresCell) throws(PostgresError) -> [Self] {
        try cell.elements(as: Self.self)
    }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    public static var postgresType: PostgresType { RawValue.postgresType }
    public func encode(into parameters: inout PostgresParameters) { rawValue.encode(into: &parameters) }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    public init(from cell: PostgresCell) throws(PostgresError) {
        guard let value = Self(rawValue: try RawValue(from: cell)) else { throw cell.refusal("an unknown value") }
        self = value
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }
    public func encode(into parameters: inout PostgresParameters) {
        if let self { self.encode(into: &parameters) } else { parameters.writeNull() }
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public init(from cell: PostgresCell) throws(PostgresError) {
        self = cell.isNull ? nil : try Wrapped(from: cell)
    }
}
