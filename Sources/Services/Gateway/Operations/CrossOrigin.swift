internal import HTTP

/// Tells browsers which pages of other origins may call the hub and read its answers (Fetch Standard, 3.3).
struct CrossOrigin: Sendable {
    private static let preflightKeptSeconds = 600
    private static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
    /// What a call may be made with. `*` would leave `Authorization` out.
    private static let requestFields = [
        "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range", "Last-Event-ID",
        "Range", "Traceparent", "X-Correlation-Id",
    ].joined(separator: ", ")
    /// What a script may read beside the fields that any may.
    private static let answerFields = [
        "Accept-Ranges", "Allow", "Content-Disposition", "Content-Range", "ETag", "Idempotent-Replayed", "Link",
        "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Correlation-Id",
    ].joined(separator: ", ")

    let allowed: AllowedOrigins
    let withCredentials: Bool

    /// Answers what browsers ask before a call; every other request is passed on. Whoever may not call is answered without a permission.
    func callAsFunction(_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse {
        guard request.method == .options, request.fields.contains("access-control-request-method"),
            let origin = request.fields["origin"]
        else {
            var response = await next(request)
            mark(&response, request.fields)
            return response
        }
        var response = HTTPResponse(.noContent)
        mark(&response, request.fields)
        if allowed.contains(origin) {
            response.fields["access-control-allow-methods"] = Self.methods
            response.fields["access-control-allow-headers"] = Self.requestFields
            response.fields["access-control-max-age"] = String(Self.preflightKeptSeconds)
        }
        return response
    }

    /// Says on an answer who may read it.
    /// - Parameter fields: those of its request.
    func mark(_ response: inout HTTPResponse, _ fields: HTTPFields) {
        // Whatever keeps answers keeps one for each origin, also of requests that name none.
        if !allowed.isEveryOrigin { response.fields.add("vary", "Origin") }
        guard let origin = fields["origin"], allowed.contains(origin) else { return }
        response.fields["access-control-allow-origin"] = allowed.isEveryOrigin ? "*" : origin
        response.fields["access-control-expose-headers"] = Self.answerFields
        if withCredentials { response.fields["access-control-allow-credentials"] = "true" }
    }
}
