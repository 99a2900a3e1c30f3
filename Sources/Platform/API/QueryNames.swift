public import HTTP

/// The query parameters of a route.
///
/// Any other parameter is refused, like an unknown field of a body: otherwise a misspelt filter would be ignored and the whole list
/// returned.
public struct QueryNames: Sendable, ExpressibleByArrayLiteral {
    /// Reported errors per request, to limit the response size.
    private static let complaintCountMax = 20

    public static let none: QueryNames = []

    private let names: [String]

    public init(arrayLiteral names: String...) { self.names = names }

    private init(_ names: [String]) { self.names = names }

    /// The names of ``Request/page(by:limitMax:)``.
    /// - Parameter others: further names of the list.
    public static func page(and others: String...) -> QueryNames { QueryNames(["limit", "cursor"] + others) }

    /// A step with this check.
    public var checked: Step {
        { request, next in
            try check(request.http)
            return try await next(request)
        }
    }

    /// - Throws: 422 `invalid-query` with the unknown and the known parameter names.
    public func check(_ request: HTTPRequest) throws(Problem) {
        var unknown: [String] = []
        for (name, _) in request.query where !names.contains(name) && !unknown.contains(name) {
            unknown.append(name)
            if unknown.count == Self.complaintCountMax { break }
        }
        if unknown.isEmpty { return }
        let known = names.isEmpty ? "it has none" : "its parameters are \(names.joined(separator: ", "))"
        throw .invalidQuery(
            unknown.map { Problem.FieldError(field: $0, message: "is not a parameter of this request; \(known)") })
    }
}
