internal import HTTP

/// Tells browsers which pages of other origins may call the hub and read its answers (Fetch Standard, 3.3).
struct CrossOrigin: Sendable {
    private static let preflightKeptSeconds = 600
    private static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
    /// Allowed request fields. `*` would not include `Authorization`.
    private static let requestFields = [
        "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range", "Last-Event-ID",
        "Range", "Traceparent", "X-Correlation-Id",
    ].joined(separator: ", ")
    /// Readable fields, besides the default ones.
    private static let answerFields = [
        "Accept-Ranges", "Allow", "Content-Disposition", "Content-Range", "ETag", "Idempotent-Replayed", "Link",
        "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Correlation-Id",
    ].joined(separator: ", ")

    let allowed: AllowedOrigins
    let withCredentials: Bool

    /// Answers preflight requests and passes on all others. A disallowed origin gets a response without permission.
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

    /// Sets which origin may read a response.
    /// - Parameter fields: of the request.
    func mark(_ response: inout HTTPResponse, _ fields: HTTPFields) {
        // Caches must store one response per origin, also for requests without one.
        if !allowed.isEveryOrigin { response.fields.add("vary", "Origin") }
        guard let origin = fields["origin"], allowed.contains(origin) else { return }
        response.fields["access-control-allow-origin"] = allowed.isEveryOrigin ? "*" : origin
        response.fields["access-control-expose-headers"] = Self.answerFields
        if withCredentials { response.fields["access-control-allow-credentials"] = "true" }
    }
}
