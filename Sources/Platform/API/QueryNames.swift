public import HTTP

/// The names of the query parameters that a route knows.
///
/// Any other is refused, as a field is that a body does not know: a misspelt parameter would be ignored in silence, and a list that was
/// to be narrowed come whole.
public struct QueryNames: Sendable, ExpressibleByArrayLiteral {
    /// Complaints about one request: an answer does not grow with what is sent.
    private static let complaintCountMax = 20

    public static let none: QueryNames = []

    private let names: [String]

    public init(arrayLiteral names: String...) { self.names = names }

    private init(_ names: [String]) { self.names = names }

    /// Those of ``Request/page(by:limitMax:)``.
    /// - Parameter others: what the list knows beside them.
    public static func page(and others: String...) -> QueryNames { QueryNames(["limit", "cursor"] + others) }

    /// As a step around a route.
    public var checked: Step {
        { request, next in
            try check(request.http)
            return try await next(request)
        }
    }

    /// - Throws: 422 `invalid-query`, which names each parameter that is unknown, and the known ones.
    public func check(_ request: HTTPRequest) throws(Problem) {
        var unknown: [String] = []
        for (name, _) in request.query where !names.contains(name) && !unknown.contains(name) {
            unknown.append(name)
            if unknown.count == Self.complaintCountMax { break }
        }
        if unknown.isEmpty { return }
        let known = names.isEmpty ? "there is none" : "known are \(names.joined(separator: ", "))"
        throw .invalidQuery(
            unknown.map { Problem.FieldError(field: $0, message: "is not a parameter of this request; \(known)") })
    }
}
