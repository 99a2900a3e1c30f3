internal import EventLoop
internal import HTTP
internal import Observability
internal import Platform

/// The gateway's own pages, live updates, and every public path of the services.
struct GatewayRoutes: Sendable {
    let admit: AdmitRequest
    let forward: ForwardRequest
    let streams: LiveStreams
    let sessions: EndedSessions
    /// Nil to refuse pages of other origins.
    let crossOrigin: CrossOrigin?
    let startPage: StartPage
    /// Nil when no files were found.
    let description: DescriptionPages?

    func router(logger: Logger, metrics: Metrics, access: AccessLog) -> Router {
        var router = Router()
        let answering = answering(logger)
        addPages(to: &router, answering)
        let meter = GatewayMeter(metrics)
        // OPTIONS too: the service knows the methods of its path.
        for method in [HTTPMethod.get, .post, .put, .patch, .delete, .options] {
            router.add(
                method, Self.anyPath, bodyBytesMax: PublicPaths.streamBytesMax(of: method),
                handler: [meter.measured].around(answering { try await pass($0.http, answering) }))
        }
        addSteps(to: &router, metrics, access)
        return router
    }

    private func addPages(to router: inout Router, _ answering: Answering) {
        addPage("/", to: &router, answering) { _ in try await startPage.response() }
        addPage("/openapi.yaml", to: &router, answering) { _ in try pages.yaml }
        addPage("/openapi.json", to: &router, answering) { _ in try pages.json }
        addPage("/docs", to: &router, answering) { _ in try pages.html }
        addPage("/problems", to: &router, answering) { _ in try pages.problems.all }
        addPage("/problems/{code}", to: &router, answering) {
            try pages.problems.one($0.http.pathParameters["code"] ?? "")
        }
        addPage("/events", to: &router, answering) { try await events($0.http) }
    }

    /// A trace begins here: each request has a correlation id, which the response contains.
    private func addSteps(to router: inout Router, _ metrics: Metrics, _ access: AccessLog) {
        router.wrap(Around.traced)
        router.wrap(Self.marked)
        router.wrap(Around.recorded(access))
        router.wrap(Self.named)
        router.wrap(ProblemForBrowser.shown)
        // Outside the rate limits: pages of other origins can then read a 429.
        if let crossOrigin { router.wrap { request, next in await crossOrigin(request, next) } }
        router.wrap(limited(metrics))
        router.markRefusals { response, fields in
            let trace = Around.trace(of: fields)
            access.recordRefusal(response, trace)
            Self.mark(&response, trace)
            crossOrigin?.mark(&response, fields)
        }
    }

    private func addPage(
        _ path: String, to router: inout Router, _ answering: Answering, _ page: @escaping Routes.Handler
    ) {
        router.add(.get, path, handler: answering([QueryNames.none.checked].around(page)))
    }

    /// ``UpstreamStanding`` logs why a service was not called.
    private func answering(_ logger: Logger) -> Answering {
        Answering { error, problem, request in
            // A flood of refused requests must not flood the log.
            guard problem.isOurFault, problem.status != .serviceUnavailable, !(error is GatewayError) else { return }
            logger.error(
                "request failed",
                [
                    .method: .text(request.method.rawValue), .route: .text(request.route ?? "-"),
                    .error: LogValue(error),
                ])
        }
    }

    /// Applies to every response, including health and unknown paths.
    private func limited(_ metrics: Metrics) -> HTTPMiddleware {
        let count = metrics.counter("gateway_requests_limited_total", help: "Requests refused by a rate limit.")
        return { request, next in
            guard let standing = admit.limit(request) else { return await next(request) }
            if !standing.isAdmitted {
                count.increment()
                return GatewayError.tooManyRequests(standing).problem.response()
            }
            var response = await next(request)
            standing.add(to: &response.fields)
            return response
        }
    }

    private var pages: DescriptionPages {
        get throws(Problem) {
            guard let description else { throw .notFound }
            return description
        }
    }

    /// Live updates for the caller, unless their session has ended. While auth is unreachable, the token alone decides.
    private func events(_ request: HTTPRequest) async throws -> HTTPResponse {
        let caller = try await admit.caller(of: request)
        guard let token = caller.token else { throw Problem.notLoggedIn }
        do {
            guard try await sessions.among([token.session]).isEmpty else { throw GatewayError.badToken }
        } catch is ServiceCallError {}
        let reader = try streams.open(token, after: request.fields["last-event-id"])
        var response = HTTPResponse(
            .ok,
            // Some proxies buffer a response unless told otherwise.
            fields: ["content-type": "text/event-stream", "x-accel-buffering": "no"],
            body: .stream { await reader.next() })
        caller.standing?.add(to: &response.fields)
        return response
    }

    private func pass(_ request: HTTPRequest, _ answering: Answering) async throws -> HTTPResponse {
        let path = request.target.prefix { $0 != "?" }
        guard let row = try PublicPaths.row(for: request.method, path) else { throw Problem.unknownPath }
        let caller = try await admit(request, path: path)
        // Refusals contain the rate limit too.
        let answered = answering { try await pass($0.http, path, by: row, as: caller.identity) }
        var response = await answered(request)
        caller.standing?.add(to: &response.fields)
        return response
    }

    private func pass(
        _ request: HTTPRequest, _ path: Substring, by row: PublicPath, as identity: Identity
    ) async throws -> HTTPResponse {
        var response = try await forward(
            request, by: row, in: PublicPaths.lane(of: request.method, path), as: identity)
        if let allow = response.fields["allow"] {
            let others = PublicPaths.methods(of: path, besides: row).map(\.rawValue)
            response.fields["allow"] = ([allow] + others).joined(separator: ", ")
        }
        return response
    }

    private static let anyPath = "/{path...}"

    /// Without a service's response, the table names the route.
    private static func named(_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse {
        var response = await next(request)
        if request.route == anyPath, !response.fields.contains(Around.routeField) {
            let row = try? PublicPaths.row(for: request.method, request.target.prefix { $0 != "?" })
            response.fields[Around.routeField] = row?.pattern
        }
        return response
    }

    private static func marked(_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse {
        var response = await next(request)
        if let trace = TraceContext.current { mark(&response, trace) }
        return response
    }

    private static func mark(_ response: inout HTTPResponse, _ trace: TraceContext) {
        response.fields["x-correlation-id"] = trace.correlationID
        SecurityFields.add(to: &response.fields)
    }
}

/// Times forwarded requests by method; services count by route.
private struct GatewayMeter: Sendable {
    private let meters: [HTTPMethod: RouteMeter]
    private let other: RouteMeter

    init(_ metrics: Metrics) {
        let methods = [HTTPMethod.get, .head, .post, .put, .patch, .delete]
        meters = Dictionary(
            uniqueKeysWithValues: methods.map { ($0, RouteMeter(metrics, method: $0, pattern: "/{path...}")) })
        other = RouteMeter(metrics, method: .options, pattern: "/{path...}")
    }

    func measured(_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse {
        await (meters[request.method] ?? other).measure { await next(request) }
    }
}

extension GatewayError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .badPath:
            Problem(
                .badRequest, "bad-path", detail: "The path contains a malformed or unnecessary escape or a dot segment."
            )
        case .badToken:
            Problem(
                .unauthorized, "bad-token",
                detail: "The access token is not valid or has expired. Log in or refresh it.",
                fields: ["www-authenticate": "Bearer error=\"invalid_token\""])
        case .tooManyRequests(let standing): Self.tooMany(standing)
        case .tooManyStreams:
            Problem(
                .tooManyRequests, "too-many-streams",
                detail: "You have the maximum number of open streams. Close one of them.",
                fields: ["retry-after": "15"])
        case .upstreamAway(let seconds):
            Problem(
                .serviceUnavailable, "upstream-away",
                detail: "The service behind this path cannot be reached. Try again later.",
                fields: ["retry-after": String(seconds)])
        case .upstreamTimedOut:
            Problem(.gatewayTimeout, "upstream-timeout", detail: "The service did not respond in time. Try again.")
        case .upstreamFailed:
            Problem(
                .badGateway, "upstream-failed",
                detail: "The connection to the service closed before its response was complete. Try again.")
        }
    }

    private static func tooMany(_ standing: RateLimitStanding) -> Problem {
        let seconds = standing.retryAfterSeconds ?? 1
        var problem = Problem(
            .tooManyRequests, "too-many-requests", detail: "Too many requests. Try again in \(seconds) s.",
            fields: ["retry-after": String(seconds)])
        standing.add(to: &problem.fields)
        return problem
    }
}
