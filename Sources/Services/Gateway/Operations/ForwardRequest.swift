internal import Contracts
internal import HTTP
internal import Observability
internal import Platform

/// Passes a request on to a service once it is all here, and its answer back, streamed.
struct ForwardRequest: Sendable {
    /// The seal covers the body, so all of it is here before the service sees any of it; a longer one is refused.
    private static let bodyBytesMax = 1024 * 1024

    private let context: ServiceContext
    private let timeout: Duration
    private let room = BodyRoom()
    private let breakers: [ServiceName: CircuitBreaker]

    init(_ context: ServiceContext, timeout: Duration) {
        self.context = context
        self.timeout = timeout
        breakers = Dictionary(uniqueKeysWithValues: ServiceName.all.map { ($0, CircuitBreaker()) })
    }

    /// - Throws: 408 or 413 for the body, 502 when the service breaks off, 503 with `Retry-After` when it cannot be reached, 504 when
    ///   it takes too long.
    func callAsFunction(
        _ request: HTTPRequest, to service: ServiceName, as identity: Identity
    ) async throws -> HTTPResponse {
        guard let address = context.services[service], let breaker = breakers[service] else {
            throw Problem.unavailable
        }
        let network = IPAddress.network(of: request.remoteAddress)
        // Of the body, until its answer begins.
        var byteCount = 0
        defer { room.leave(byteCount, network) }
        let body = try await held(request, network, &byteCount)
        if let seconds = breaker.admit(at: context.uptime()) { throw Self.away(retryAfter: seconds) }
        let outgoing = HTTPClientRequest(
            request.method, address + request.target, fields: fields(of: request, body, as: identity),
            body: .bytes(body))
        do {
            let answer = try await send(outgoing, mayRepeat: request.method.isIdempotent && body.isEmpty)
            breaker.succeeded()
            return HTTPResponse(
                answer.status, fields: ProxyFields.crossing(answer.fields), body: Self.body(of: answer, to: request))
        } catch {
            throw problem(of: error, breaker)
        }
    }

    /// The whole body: until it is here it keeps no service busy.
    private func held(
        _ request: HTTPRequest, _ network: String, _ byteCount: inout Int
    ) async throws -> [UInt8] {
        if let length = request.body.length, length > Self.bodyBytesMax { throw Problem.bodyTooLarge }
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            if bytes.count + chunk.count > Self.bodyBytesMax { throw Problem.bodyTooLarge }
            if !room.enter(chunk.count, network) { throw Self.full }
            byteCount += chunk.count
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }

    /// What answers HEAD has the length of a body that does not come.
    private static func body(of answer: HTTPClientResponse, to request: HTTPRequest) -> HTTPBody {
        guard request.method == .head else { return answer.body }
        return .stream(length: answer.fields["content-length"].flatMap { Int($0) }) { nil }
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

    private func fields(of request: HTTPRequest, _ body: [UInt8], as identity: Identity) -> HTTPFields {
        var fields = ProxyFields.crossing(request.fields)
        fields[IdentitySeal.fieldName] = context.seal.header(
            for: identity, method: request.method.rawValue, target: request.target, body: body)
        fields["x-forwarded-for"] = request.remoteAddress
        if let trace = TraceContext.current {
            fields["x-correlation-id"] = trace.correlationID
            fields["traceparent"] = trace.traceparent.description
        }
        return fields
    }

    /// Only what the service itself did, or did not, counts against it.
    private func problem(of error: HTTPClientError, _ breaker: CircuitBreaker) -> Problem {
        switch error {
        case .cancelled: return .clientGone
        case .requestBodyFailed: return .requestTimeout
        case .busy: return Self.full
        case .connectFailed:
            breaker.failed(at: context.uptime())
            return Self.away(retryAfter: 1)
        case .timedOut:
            breaker.failed(at: context.uptime())
            return Problem(.gatewayTimeout, "upstream-timeout", detail: "The service took too long to answer.")
        case .protocolError, .bodyTooLarge:
            breaker.failed(at: context.uptime())
            return Problem(.badGateway, "upstream-failed", detail: "The service broke off its answer.")
        case .invalidRequest: return Problem(.badGateway, "upstream-failed")
        }
    }

    private static let full = Problem(
        .serviceUnavailable, "too-busy", detail: "Too many requests are under way. Try again shortly.",
        fields: ["retry-after": "1"])

    private static func away(retryAfter seconds: Int) -> Problem {
        Problem(
            .serviceUnavailable, "upstream-away", detail: "The service behind this path is not reachable right now.",
            fields: ["retry-after": String(seconds)])
    }
}
