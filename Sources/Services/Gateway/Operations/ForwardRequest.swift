#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Contracts
internal import HTTP
internal import Observability
internal import Platform

/// Passes a request on to a service and its answer back, both streamed.
struct ForwardRequest: Sendable {
    private let context: ServiceContext
    private let timeout: Duration
    private let breakers: [ServiceName: CircuitBreaker]

    init(_ context: ServiceContext, timeout: Duration) {
        self.context = context
        self.timeout = timeout
        breakers = Dictionary(uniqueKeysWithValues: ServiceName.all.map { ($0, CircuitBreaker()) })
    }

    /// - Throws: 502 when the service breaks off, 503 with `Retry-After` when it cannot be reached, 504 when it takes too long.
    func callAsFunction(
        _ request: HTTPRequest, to service: ServiceName, as identity: Identity
    ) async throws -> HTTPResponse {
        guard let address = context.services[service], let breaker = breakers[service] else {
            throw Problem.unavailable
        }
        if let seconds = breaker.admit(nowMs: nowMs) { throw Self.away(retryAfter: seconds) }
        let outgoing = HTTPClientRequest(
            request.method, address + request.target, fields: fields(of: request, as: identity), body: request.body)
        do {
            let answer = try await send(outgoing, mayRepeat: request.method.isIdempotent && request.body.length == 0)
            breaker.succeeded()
            return HTTPResponse(answer.status, fields: ProxyFields.crossing(answer.fields), body: answer.body)
        } catch {
            throw problem(of: error, breaker)
        }
    }

    /// One repetition, when the request was certainly not seen or may be seen twice.
    private func send(_ request: HTTPClientRequest, mayRepeat: Bool) async throws(HTTPClientError) -> HTTPClientResponse
    {
        do {
            return try await context.http.send(request, timeout: timeout)
        } catch .protocolError where mayRepeat {
            return try await context.http.send(request, timeout: timeout)
        }
    }

    private func fields(of request: HTTPRequest, as identity: Identity) -> HTTPFields {
        var fields = ProxyFields.crossing(request.fields)
        fields[IdentitySeal.fieldName] = context.seal.header(
            for: identity, method: request.method.rawValue, target: request.target)
        fields["x-forwarded-for"] = request.remoteAddress
        if let trace = TraceContext.current {
            fields["x-correlation-id"] = trace.correlationID
            fields["traceparent"] = trace.traceparent.description
        }
        return fields
    }

    private func problem(of error: HTTPClientError, _ breaker: CircuitBreaker) -> Problem {
        switch error {
        case .cancelled, .requestBodyFailed:
            // The client went away; that says nothing about the service.
            return .unavailable
        case .connectFailed:
            breaker.failed(nowMs: nowMs)
            return Self.away(retryAfter: 1)
        case .timedOut:
            breaker.failed(nowMs: nowMs)
            return Problem(.gatewayTimeout, "upstream-timeout", detail: "The service took too long to answer.")
        case .protocolError, .bodyTooLarge, .invalidRequest:
            breaker.failed(nowMs: nowMs)
            return Problem(.badGateway, "upstream-failed", detail: "The service broke off its answer.")
        }
    }

    private static func away(retryAfter seconds: Int) -> Problem {
        Problem(
            .serviceUnavailable, "upstream-away", detail: "The service behind this path is not reachable right now.",
            fields: ["retry-after": String(seconds)])
    }

    private var nowMs: Int64 { Int64(context.clock().timeIntervalSince1970 * 1_000) }
}
