/// A request as passed to a handler.
public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    /// Path and query, not decoded: `/courses/a%2Fb?limit=5`.
    public var target: String
    /// The values of the route's `{…}` parameters, percent-decoded. Set by the router.
    public var pathParameters: PathParameters
    /// The pattern of the matched route, such as `/users/{id}`: for metrics and logs, without personal data.
    public var route: String?
    public var fields: HTTPFields
    /// The client's address without port. Behind an untrusted proxy this is the proxy's address.
    public var remoteAddress: String
    public var body: HTTPBody
    var match = RouteMatch.none

    public init(
        _ method: HTTPMethod, _ target: String, fields: HTTPFields = [:], body: HTTPBody = .empty,
        remoteAddress: String = "127.0.0.1", pathParameters: PathParameters = [:]
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.remoteAddress = remoteAddress
        self.pathParameters = pathParameters
    }

    /// The target without its query, not decoded.
    public var path: String { String(target.prefix { $0 != "?" }) }

    /// The query parameters, percent-decoded, in order. A name without `=` has an empty value.
    public var query: [(name: String, value: String)] {
        let utf8 = target.utf8
        guard let mark = utf8.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        return utf8[utf8.index(after: mark)...].split(separator: UInt8(ascii: "&")).map { pair in
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            return (Self.decoded(name), Self.decoded(pair[name.endIndex...].dropFirst()))
        }
    }

    /// The first query parameter called `name`.
    public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    private static func decoded(_ bytes: Substring.UTF8View) -> String {
        PercentEncoding.decode(bytes, plusIsSpace: true) ?? String(Substring(bytes))
    }
}

/// The path parameters of a route, by name.
public struct PathParameters: Sendable, ExpressibleByDictionaryLiteral, Sequence {
    private var pairs: [(name: String, value: String)] = []
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }
    mutating func add(_ name: String, _ value: String) { pairs.append((name, value)) }
    public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }
    public func makeIterator() -> IndexingIterator<[(name: String, value: String)]> { pairs.makeIterator() }
}
