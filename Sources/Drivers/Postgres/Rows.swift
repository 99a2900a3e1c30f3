internal import CPostgres

/// Owns a libpq result; cells are read in place.
// @unchecked: a result is immutable once received.
final class ResultOwner: @unchecked Sendable {
    /// nil means no result, as in libpq.
    let result: OpaquePointer?
    let rowCount: Int
    let columnCount: Int

    init(_ result: OpaquePointer?) {
        self.result = result
        rowCount = Int(hub_pg_result_rows(result))
        columnCount = Int(hub_pg_result_columns(result))
    }

    deinit { hub_pg_result_free(result) }
}

/// The result of a statement. Cells are decoded on access.
public struct Rows: RandomAccessCollection, Sendable {
    let owner: ResultOwner

    /// Rows the statement inserted, updated, deleted or returned; 0 for a command without such a count.
    public var affectedCount: Int { Int(Swift.max(0, hub_pg_result_affected(owner.result))) }

    /// The empty result of a statement that did not have to be sent.
    static let none = Rows(owner: ResultOwner(nil))

    /// The server's command tag, such as "COMMIT".
    var tag: String { hub_pg_result_tag(owner.result).map { String(cString: $0) } ?? "" }

    public var columnCount: Int { owner.columnCount }

    public var startIndex: Int { 0 }
    public var endIndex: Int { owner.rowCount }

    public subscript(position: Int) -> Row {
        precondition(position >= 0 && position < owner.rowCount, "row \(position) of \(owner.rowCount)")
        return Row(owner: owner, index: Int32(position))
    }
}

/// One row; it retains the whole result.
public struct Row: Sendable {
    let owner: ResultOwner
    let index: Int32

    public var columnCount: Int { owner.columnCount }

    /// Decodes the first columns in order: `let (id, name) = try row.decode(Int.self, String.self)`.
    /// - Throws: ``PostgresError`` of kind `decoding`.
    public func decode<each Value: PostgresDecodable>(
        _ types: repeat (each Value).Type
    ) throws(PostgresError) -> (repeat each Value) {
        var column = 0
        func next<Next: PostgresDecodable>(_ type: Next.Type) throws(PostgresError) -> Next {
            defer { column += 1 }
            return try get(column, as: type)
        }
        return (repeat try next((each Value).self))
    }

    /// The cell of a column by its position, from 0.
    /// - Throws: ``PostgresError`` of kind `decoding`.
    public func get<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard column >= 0, column < owner.columnCount else {
            throw PostgresError(.decoding, "column \(column) of \(owner.columnCount)")
        }
        var bytes: UnsafePointer<UInt8>?
        let length = hub_pg_result_cell(owner.result, index, Int32(column), &bytes)
        let cell = PostgresCell(
            type: PostgresType(rawValue: hub_pg_result_column_type(owner.result, Int32(column))),
            bytes: length < 0 ? nil : UnsafeRawBufferPointer(start: bytes, count: Int(length)))
        return try withExtendedLifetime(owner) { () throws(PostgresError) in try Value(from: cell) }
    }

    /// The cell of a column by its name.
    /// - Throws: ``PostgresError`` of kind `decoding`, also when no column has the name.
    public func get<Value: PostgresDecodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        for column in 0..<owner.columnCount {
            if let known = hub_pg_result_column_name(owner.result, Int32(column)), name == String(cString: known) {
                return try get(column, as: type)
            }
        }
        throw PostgresError(.decoding, "no column \(name)")
    }
}
