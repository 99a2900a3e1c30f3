internal import Avro

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
public import HTTP

extension HTTPResponse {
    /// 200 with a JSON body.
    public static func ok(_ view: some Encodable) throws -> HTTPResponse { .json(.ok, try HubJSON.encode(view)) }

    /// 201 with a JSON body and its location.
    public static func created(_ view: some Encodable, at location: String) throws -> HTTPResponse {
        .json(.created, try HubJSON.encode(view), fields: ["location": location])
    }

    /// 202 with a JSON body: work continues.
    public static func accepted(_ view: some Encodable) throws -> HTTPResponse {
        .json(.accepted, try HubJSON.encode(view))
    }

    public static let noContent = HTTPResponse(.noContent)
}

/// The API's JSON: camel case, times as ISO-8601 UTC with milliseconds.
public enum HubJSON {
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.iso8601Milliseconds)
        }
        return Array(try encoder.encode(value))
    }

    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            if let date = Date(iso8601: try container.decode(String.self)) { return date }
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an ISO-8601 time")
        }
        return try decoder.decode(type, from: Data(bytes))
    }
}
