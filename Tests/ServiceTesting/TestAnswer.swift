public import Foundation
public import HTTP

/// The response of a route.
public struct TestAnswer: Sendable {
    public let status: Int
    public let fields: HTTPFields
    public let body: Data

    public init(_ response: HTTPResponse) async throws {
        status = response.status.code
        fields = response.fields
        body = Data(try await response.body.collect(bytesMax: 16 * 1024 * 1024))
    }

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The `code` of a problem.
    public var code: String? { self["code"] }

    /// The invalid fields of an `invalid-body` problem, each once, sorted.
    public var complaints: [String] {
        Set((object["errors"] as? [[String: String]] ?? []).compactMap { $0["field"] }).sorted()
    }

    /// A string member of the body.
    public subscript(name: String) -> String? { object[name] as? String }

    /// The body as a JSON object.
    public var object: [String: Any] {
        (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
    }

    /// The decoded body.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: body)
    }

    /// The items of a list.
    public var items: [[String: Any]] { object["items"] as? [[String: Any]] ?? [] }
}
