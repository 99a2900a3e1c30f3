public import Foundation
public import HTTP

/// What a route answered.
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

    /// The fields a problem of `invalid-body` complains about, each once, sorted.
    public var complaints: [String] {
        Set((object["errors"] as? [[String: String]] ?? []).compactMap { $0["field"] }).sorted()
    }

    /// A text of the JSON object that is the body.
    public subscript(name: String) -> String? { object[name] as? String }

    /// The JSON object that is the body.
    public var object: [String: Any] {
        (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
    }

    /// The body as the value it stands for.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: body)
    }

    /// The items of a list.
    public var items: [[String: Any]] { object["items"] as? [[String: Any]] ?? [] }
}
