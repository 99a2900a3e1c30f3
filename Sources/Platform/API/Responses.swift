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

    /// 201 with a JSON body and where to find it.
    public static func created(_ view: some Encodable, at location: String) throws -> HTTPResponse {
        .json(.created, try HubJSON.encode(view), fields: ["location": location])
    }

    /// 202 with a JSON body: the work goes on.
    public static func accepted(_ view: some Encodable) throws -> HTTPResponse {
        .json(.accepted, try HubJSON.encode(view))
    }

    /// 200 with a page of a list, and a link to the next page while there is one (RFC 8288).
    public static func page(_ view: some PageView, of request: Request) throws -> HTTPResponse {
        var response = try ok(view)
        response.fields["link"] = view.nextCursor.map { "<\(request.http.target(withCursor: $0))>; rel=\"next\"" }
        return response
    }

    public static let noContent = HTTPResponse(.noContent)
}

extension HTTPRequest {
    /// The target with another cursor and the rest of its query as it came. What has no place in a URL is escaped, so that nothing
    /// of a request can end the link it is put into.
    fileprivate func target(withCursor cursor: String) -> String {
        let query = target.drop { $0 != "?" }.dropFirst().split(separator: "&").filter { part in
            PercentEncoding.decode(Array(part.prefix { $0 != "=" }.utf8), plusIsSpace: true) != "cursor"
        }
        let all = query.map { PercentEncoding.repair($0) } + ["cursor=\(PercentEncoding.encode(cursor))"]
        return "\(PercentEncoding.repair(path))?\(all.joined(separator: "&"))"
    }
}

extension PercentEncoding {
    /// Escapes what may stand nowhere in a path or a query (RFC 3986, appendix A), and leaves the escapes that are there.
    fileprivate static func repair(_ text: some StringProtocol) -> String {
        text.unicodeScalars.map { scalar in
            allowed.contains(scalar) ? String(scalar) : encode(String(scalar))
        }.joined()
    }

    private static let allowed = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%".unicodeScalars)
}

/// What a list answers: its items, whatever else, and where the next page begins.
public protocol PageView: Encodable {
    /// nil on the last page.
    var nextCursor: String? { get }
}

/// A page of a list, as every list of the API is answered.
public struct ListView<Item: Encodable>: PageView {
    public var items: [Item]
    public var nextCursor: String?

    public init(_ items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    enum CodingKeys: CodingKey { case items, nextCursor }

    /// `nextCursor` is written as null at the end of the list, never left out.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
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
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no time in ISO-8601")
        }
        return try decoder.decode(type, from: Data(bytes))
    }
}
