#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Bool: PostgresValue {
    public static var postgresType: PostgresType { .bool }
    public func encode(into parameters: inout PostgresParameters) { parameters.write(self ? 1 : 0 as UInt8) }
    public init(from cell: PostgresCell) throws(PostgresError) {
        try cell.require(.bool)
        self = try cell.integer(UInt8.self) != 0
    }
}

extension FixedWidthInteger {
    /// int2, int4 and int8 columns are read into any integer that can hold the value.
    fileprivate init(integerCell cell: PostgresCell) throws(PostgresError) {
        let value: Int64
        switch cell.type {
        case .int8: value = try cell.integer(Int64.self)
        case .int4: value = Int64(try cell.integer(Int32.self))
        case .int2: value = Int64(try cell.integer(Int16.self))
        case .oid: value = Int64(try cell.integer(UInt32.self))
        default: throw cell.refusal("no integer")
        }
        guard let exact = Self(exactly: value) else { throw cell.refusal("an integer out of range") }
        self = exact
    }
}

extension Int16: PostgresValue {
    public static var postgresType: PostgresType { .int2 }
    public func encode(into parameters: inout PostgresParameters) { parameters.write(self) }
    public init(from cell: PostgresCell) throws(PostgresError) { try self.init(integerCell: cell) }
}

extension Int32: PostgresValue {
    public static var postgresType: PostgresType { .int4 }
    public func encode(into parameters: inout PostgresParameters) { parameters.write(self) }
    public init(from cell: PostgresCell) throws(PostgresError) { try self.init(integerCell: cell) }
}

extension Int64: PostgresValue {
    public static var postgresType: PostgresType { .int8 }
    public func encode(into parameters: inout PostgresParameters) { parameters.write(self) }
    public init(from cell: PostgresCell) throws(PostgresError) { try self.init(integerCell: cell) }
}

extension Int: PostgresValue {
    public static var postgresType: PostgresType { .int8 }
    public func encode(into parameters: inout PostgresParameters) { parameters.write(Int64(self)) }
    public init(from cell: PostgresCell) throws(PostgresError) { try self.init(integerCell: cell) }
}

/// A byte alone is an int2; an array of bytes is a bytea.
extension UInt8: PostgresValue {
    public static var postgresType: PostgresType { .int2 }
    public func encode(into parameters: inout PostgresParameters) { parameters.write(Int16(self)) }
    public init(from cell: PostgresCell) throws(PostgresError) { try self.init(integerCell: cell) }

    public static var postgresArrayType: PostgresType { .bytea }
    public static func encode(array: [UInt8], into parameters: inout PostgresParameters) { parameters.write(array) }
    public static func decode(array cell: PostgresCell) throws(PostgresError) -> [UInt8] {
        try cell.require(.bytea)
        return Array(try cell.unwrapped())
    }
}

extension Double: PostgresValue {
    public static var postgresType: PostgresType { .float8 }
    public func encode(into parameters: inout PostgresParameters) { parameters.write(bitPattern) }
    public init(from cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .float8: self.init(bitPattern: try cell.integer(UInt64.self))
        case .float4: self.init(Float(bitPattern: try cell.integer(UInt32.self)))
        default: throw cell.refusal("not a floating-point number")
        }
    }
}

extension String: PostgresValue {
    public static var postgresType: PostgresType { .text }
    public func encode(into parameters: inout PostgresParameters) { parameters.write(self) }

    /// Decodes any type whose binary format is text, including enumerations.
    public init(from cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .bool, .bytea, .int2, .int4, .int8, .oid, .float4, .float8, .date, .timestamp, .timestamptz, .numeric,
            .uuid, .jsonb:
            throw cell.refusal("no text")
        default: self.init(decoding: try cell.unwrapped(), as: UTF8.self)
        }
    }
}

extension UUID: PostgresValue {
    public static var postgresType: PostgresType { .uuid }
    public func encode(into parameters: inout PostgresParameters) {
        withUnsafeBytes(of: uuid) { parameters.write($0) }
    }
    public init(from cell: PostgresCell) throws(PostgresError) {
        try cell.require(.uuid)
        let bytes = try cell.unwrapped()
        guard bytes.count == 16 else { throw cell.refusal("a value of unexpected length") }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    public static var postgresType: PostgresType { Element.postgresArrayType }
    public func encode(into parameters: inout PostgresParameters) { Element.encode(array: self, into: &parameters) }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public init(from cell: PostgresCell) throws(PostgresError) { self = try Element.decode(array: cell) }
}
