/// Finds the handler for a request by method and path.
///
/// A pattern consists of segments: `/users/{id}/badges`. `{id}` matches one non-empty segment, passed on percent-decoded; `{path...}`, in
/// last position, matches the rest of the path, passed on not decoded. A literal segment takes precedence over `{id}`, which takes
/// precedence over `{path...}`. Unless they have routes of their own, `HEAD` uses the route for `GET`, and the router answers `OPTIONS`;
/// `OPTIONS *` returns the methods of all routes.
public struct Router: Sendable {
    struct Route: Sendable {
        let method: HTTPMethod
        let pattern: String
        let parameterNames: [String]
        let bodyBytesMax: Int?
        let handler: HTTPHandler
    }
    private(set) var table: [Route] = []
    private var tree = RouteTree()
    private var middleware: [HTTPMiddleware] = []
    private var refusalMark: @Sendable (inout HTTPResponse, HTTPFields) -> Void = { _, _ in }

    public init() {}

    /// The method and pattern of each route, in the order they were added.
    public var routes: [(method: HTTPMethod, pattern: String)] { table.map { ($0.method, $0.pattern) } }

    /// - Parameter bodyBytesMax: the maximum body size of this route; nil for the server's limit.
    /// - Precondition: the pattern begins with `/`, and method and pattern were not added before.
    public mutating func add(
        _ method: HTTPMethod, _ pattern: String, bodyBytesMax: Int? = nil, handler: @escaping HTTPHandler
    ) {
        let names = tree.insert(pattern, method: method, route: table.count)
        table.append(
            Route(
                method: method, pattern: pattern, parameterNames: names, bodyBytesMax: bodyBytesMax,
                handler: handler))
    }

    /// Adds every route of `other`, without its middleware.
    public mutating func add(_ other: Router) {
        for route in other.table {
            add(route.method, route.pattern, bodyBytesMax: route.bodyBytesMax, handler: route.handler)
        }
    }

    /// Adds `middleware` for every request, matched or not; the first one added is the outermost.
    public mutating func wrap(_ middleware: @escaping HTTPMiddleware) { self.middleware.append(middleware) }

    /// Sets `mark`, which processes the responses that the server sends without calling the router or middleware: for requests that are
    /// malformed, too large or too late, and for refused connections. It receives the request's fields, or none when they are unknown.
    public mutating func markRefusals(_ mark: @escaping @Sendable (inout HTTPResponse, HTTPFields) -> Void) {
        refusalMark = mark
    }

    func refusal(_ problem: Problem, of fields: HTTPFields) -> HTTPResponse {
        var response = problem.response()
        refusalMark(&response, fields)
        return response
    }

    /// Answers as the server would, without a socket.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        await handler()(matched(request))
    }

    /// All routes and middleware as one function. The server builds it once.
    func handler() -> HTTPHandler {
        let table = table, tree = tree
        let dispatch: HTTPHandler = { request in
            switch request.match {
            case .route(let index): return await table[index].handler(request)
            default: return Self.refusal(request.match, tree, request.method)
            }
        }
        return middleware.around(dispatch)
    }

    /// The request with the route's pattern and parameters.
    func matched(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        let (match, values) = tree.find(request.target, request.method)
        request.match = match
        if case .route(let index) = match {
            request.route = table[index].pattern
            for (name, value) in zip(table[index].parameterNames, values) { request.pathParameters.add(name, value) }
        }
        return request
    }

    /// nil when the route has no limit of its own.
    func bodyBytesMax(of match: RouteMatch) -> Int? {
        guard case .route(let index) = match else { return nil }
        return table[index].bodyBytesMax
    }

    private static func refusal(_ match: RouteMatch, _ tree: RouteTree, _ method: HTTPMethod) -> HTTPResponse {
        switch match {
        case .badPath: return Problem.badPath.response()
        case .server: return HTTPResponse(.noContent, fields: ["allow": tree.allowAnywhere])
        case .otherMethods(let node):
            let allow: HTTPFields = ["allow": tree.allow(node)]
            if method == .options { return HTTPResponse(.noContent, fields: allow) }
            if !method.isKnown { return Problem(.notImplemented, "method-not-implemented").response() }
            return Problem(
                .methodNotAllowed, "method-not-allowed",
                detail: "This path does not support the method. Allow lists the methods it supports.", fields: allow
            ).response()
        case .none, .notFound, .route: return Problem.unknownPath.response()
        }
    }
}

/// The result of matching a request.
enum RouteMatch: Sendable, Equatable {
    /// Not matched yet.
    case none
    /// The index of the route.
    case route(Int)
    /// The path matches, but not the method: the index of its node.
    case otherMethods(Int)
    case notFound
    case badPath
    /// `OPTIONS *`, which addresses the server and not a path.
    case server
}

extension Problem {
    /// Not `not-found`, which says that an operation found no resource.
    public static let unknownPath = Problem(.notFound, "unknown-path", detail: "No operation has this path.")
    static let badPath = Problem(
        .badRequest, "bad-path", detail: "The path or the query has a broken or forbidden escape.")
}
