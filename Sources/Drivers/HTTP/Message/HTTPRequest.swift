/// A request as a handler sees it.
public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    /// Path and query, raw: `/courses/a%2Fb?limit=5`.
    public var target: String
    /// What the route's `{…}` stand for, percent-decoded. Set by the router.
    public var pathParameters: PathParameters
    /// The pattern of the route that was found, such as `/users/{id}`: the name for metrics and logs, free of personal data.
    public var route: String?
    public var fields: HTTPFields
    /// The address of the client, without port. Behind a proxy that the server does not trust this is the proxy.
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

    /// The target without its query, raw.
    public var path: String { String(target.prefix { $0 != "?" }) }

    /// The query, percent-decoded, in order. A name without `=` has an empty value.
    public var query: [(name: String, value: String)] {
        let utf8 = target.utf8
        guard let mark = utf8.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        return utf8[utf8.index(after: mark)...].split(separator: UInt8(ascii: "&")).map { pair in
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            return (Self.decoded(name), Self.decoded(pair[name.endIndex...].dropFirst()))
        }
    }

    /// The first value under `name` in the query.
    public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    private static func decoded(_ bytes: Substring.UTF8View) -> String {
        PercentEncoding.decode(bytes, plusIsSpace: true) ?? String(Substring(bytes))
    }
}

/// The parts of a path that a route leaves open, by name.
public struct PathParameters: Sendable, ExpressibleByDictionaryLiteral, Sequence {
    private var pairs: [(name: String, value: String)] = []
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }
    mutating func add(_ name: String, _ value: String) { pairs.append((name, value)) }
    public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }
    public func makeIterator() -> IndexingIterator<[(name: String, value: String)]> { pairs.makeIterator() }
}
