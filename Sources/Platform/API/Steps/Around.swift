public import HTTP
public import Observability

/// What stands around whole routers, and sees every answer that the router gives.
public enum Around {
    /// How a service tells the gateway which route answered. It goes no further.
    public static let routeField = "hub-route"

    /// The work for a request belongs to the journey that its header names, or to a new one.
    public static func traced(_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse {
        var trace = trace(of: request.fields)
        trace.route = request.route.map { "\(request.method) \($0)" }
        return await TraceContext.$current.withValue(trace) { await next(request) }
    }

    public static func trace(of fields: HTTPFields) -> TraceContext {
        .request(correlationID: fields["x-correlation-id"], traceparent: fields["traceparent"])
    }

    /// Each answer is written down; see ``AccessLog``. Stands within ``traced(_:_:)``.
    public static func recorded(_ access: AccessLog) -> HTTPMiddleware {
        { request, next in
            if access.skips(request) { return await next(request) }
            let start = AccessLog.Start()
            let response = await next(request)
            return access.record(response, to: request, since: start)
        }
    }

    /// The answers of one route are counted and timed.
    public static func metered(_ meter: RouteMeter) -> HTTPMiddleware {
        { request, next in await meter.measure { await next(request) } }
    }
}
