#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A JSON document as bytes: a jsonb parameter, or the value of a json or jsonb column.
public struct JSONValue: PostgresValue, Sendable, Hashable {
    public let bytes: [UInt8]

    /// - Parameter bytes: a JSON document in UTF-8; the server checks it.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Throws: what the encoder throws.
    public init(encoding value: some Encodable, encoder: JSONEncoder = JSONEncoder()) throws {
        bytes = Array(try encoder.encode(value))
    }

    /// - Throws: what the decoder throws.
    public func decode<Value: Decodable>(_ type: Value.Type, decoder: JSONDecoder = JSONDecoder()) throws -> Value {
        try decoder.decode(type, from: Data(bytes))
    }

    public static var postgresType: PostgresType { .jsonb }

    public func encode(into parameters: inout PostgresParameters) {
        parameters.write(1 as UInt8)
        parameters.write(bytes)
    }

    public init(from cell: PostgresCell) throws(PostgresError) {
        let raw = try cell.unwrapped()
        switch cell.type {
        case .json: bytes = Array(raw)
        case .jsonb:
            guard raw.first == 1 else { throw cell.refusal("an unknown version of jsonb") }
            bytes = Array(raw.dropFirst())
        default: throw cell.refusal("no JSON")
        }
    }
}
