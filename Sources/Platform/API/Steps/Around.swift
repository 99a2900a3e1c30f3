public import HTTP
public import Observability

/// Middleware of whole routers; it sees every response of the router.
public enum Around {
    /// Names the route that responded, from a service to the gateway only.
    public static let routeField = "hub-route"

    /// The request continues the trace that its header names, or starts a new one.
    public static func traced(_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse {
        var trace = trace(of: request.fields)
        trace.route = request.route.map { "\(request.method) \($0)" }
        return await TraceContext.$current.withValue(trace) { await next(request) }
    }

    public static func trace(of fields: HTTPFields) -> TraceContext {
        .request(correlationID: fields["x-correlation-id"], traceparent: fields["traceparent"])
    }

    /// Records each response; see ``AccessLog``. Runs inside ``traced(_:_:)``.
    public static func recorded(_ access: AccessLog) -> HTTPMiddleware {
        { request, next in
            if access.skips(request) { return await next(request) }
            let start = AccessLog.Start()
            let response = await next(request)
            return access.record(response, to: request, since: start)
        }
    }

    /// Counts and times the responses of one route.
    public static func metered(_ meter: RouteMeter) -> HTTPMiddleware {
        { request, next in await meter.measure { await next(request) } }
    }
}
