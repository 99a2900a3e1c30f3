internal import Contracts
internal import HTTP
internal import Observability
internal import Platform

/// Forwards a request, with its whole body unless the path is streamed, to a service, and streams the response.
struct ForwardRequest: Sendable {
    /// The seal covers the body, so the whole body is read before the service sees it; a longer one is refused.
    private static let bodyBytesMax = 1024 * 1024

    private let context: ServiceContext
    private let room = BodyRoom()
    private let upstreams: [Lane: Upstream]

    init(_ context: ServiceContext, timeout: Duration) {
        self.context = context
        let standing = UpstreamStanding(context)
        upstreams = Dictionary(
            uniqueKeysWithValues: Lane.allCases.map { ($0, Upstream($0, context, standing, timeout: timeout)) })
    }

    /// - Throws: 408 or 413 for the body, 502 for a broken response, 503 with `Retry-After` when the service is unreachable or this lane
    ///   is full, 504 after a timeout.
    func callAsFunction(
        _ request: HTTPRequest, by row: PublicPath, in lane: Lane, as identity: Identity
    ) async throws -> HTTPResponse {
        let isStreamed = row.streamBytesMax != nil
        if let length = request.body.length, length > row.streamBytesMax ?? Self.bodyBytesMax {
            throw Problem.bodyTooLarge
        }
        guard let address = context.services[row.service], let upstream = upstreams[row.lane ?? lane] else {
            throw Problem.unavailable
        }
        let network = IPAddress.network(of: request.remoteAddress)
        // Of the body, until the response.
        var byteCount = 0
        defer { room.leave(byteCount, network) }
        let body = isStreamed ? nil : try await held(request, network, &byteCount)
        let answer = try await upstream.send(to: row.service, within: row.timeMax) {
            var call = HTTPClientRequest(
                request.method, address + request.target, fields: fields(of: request, body, as: identity),
                body: body.map(HTTPBody.bytes) ?? request.body)
            call.silenceMax = row.silenceMax
            return call
        }
        return HTTPResponse(
            answer.status, fields: ProxyFields.crossing(answer.fields), body: Self.body(of: answer, to: request))
    }

    /// The whole body: a slow upload occupies no service.
    private func held(
        _ request: HTTPRequest, _ network: String, _ byteCount: inout Int
    ) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            if bytes.count + chunk.count > Self.bodyBytesMax { throw Problem.bodyTooLarge }
            if !room.enter(chunk.count, network) { throw Problem.tooBusy(retryAfterSeconds: 1) }
            byteCount += chunk.count
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }

    /// A response to HEAD has the length of a body that is not sent.
    private static func body(of answer: HTTPClientResponse, to request: HTTPRequest) -> HTTPBody {
        guard request.method == .head else { return answer.body }
        return .stream(length: answer.fields["content-length"].flatMap { Int($0) }) { nil }
    }

    /// - Parameter body: nil for a streamed one.
    private func fields(of request: HTTPRequest, _ body: [UInt8]?, as identity: Identity) -> HTTPFields {
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
}
