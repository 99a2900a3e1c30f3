/// Finds the handler for a request by method and path.
///
/// A pattern is made of segments: `/users/{id}/badges`. `{id}` stands for one segment that is not empty and arrives
/// percent-decoded; `{path...}`, last, stands for the rest of the path, raw. A literal segment wins over `{id}`, which wins over
/// `{path...}`. `HEAD` is answered by the route for `GET` and `OPTIONS` by the router, unless they have routes of their own;
/// `OPTIONS *` asks the server what it knows anywhere.
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

    /// - Parameter bodyBytesMax: how large a body this route takes; nil for the server's own limit.
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

    /// Adds every route of `other`, without what stands around them there.
    public mutating func add(_ other: Router) {
        for route in other.table {
            add(route.method, route.pattern, bodyBytesMax: route.bodyBytesMax, handler: route.handler)
        }
    }

    /// Puts `middleware` around every request, found or not; what is added first stands outermost.
    public mutating func wrap(_ middleware: @escaping HTTPMiddleware) { self.middleware.append(middleware) }

    /// Has `mark` look at answers that the server gives before it asks any route, middleware included: to what is malformed, too
    /// large or too late, or comes on a connection too many. It is given the fields of the request, none when they are not known.
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

    /// Everything in one function. The server makes it once.
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

    /// The request with what the router knows of it.
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

    /// nil when the request has no route of its own limit.
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
            return Problem(.methodNotAllowed, "method-not-allowed", fields: allow).response()
        case .none, .notFound, .route: return Problem(.notFound, "not-found").response()
        }
    }
}

/// What the router found for a request.
enum RouteMatch: Sendable, Equatable {
    /// Not asked yet.
    case none
    /// The index of the route.
    case route(Int)
    /// The path has routes, but none for the method: the index of its node.
    case otherMethods(Int)
    case notFound
    case badPath
    /// `OPTIONS *`: no path is meant, but the server.
    case server
}

extension Problem {
    static let badPath = Problem(
        .badRequest, "bad-path", detail: "The path or the query has a broken or forbidden escape.")
}
