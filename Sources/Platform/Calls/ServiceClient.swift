public import Contracts
internal import EventLoop
public import HTTP
internal import Observability

/// Calls other services of the hub as this service, and decodes their responses.
///
/// A call has one deadline. A repeatable call (GET, PUT, DELETE, and POST with a key) is retried once when the connection fails.
/// A service that fails repeatedly is not called for a moment: calls to it fail at once.
public struct ServiceClient: Sendable {
    private static let answerBytesMax = 1024 * 1024
    private static let repeatPause = Duration.milliseconds(100)
    private static let busySecondsMax = 600

    private let context: ServiceContext
    private let http: HTTPClient
    private let timeout: Duration
    private let breakers: [ServiceName: CircuitBreaker]
    private let outage: OutageLog

    /// - Parameters:
    ///   - http: the caller's own connections; nil for the process's shared ones.
    ///   - lane: names its breakers, when a service has several clients.
    ///   - timeout: of a call, including its retry.
    public init(
        _ context: ServiceContext, over http: HTTPClient? = nil, lane: String = "calls",
        timeout: Duration = .seconds(10)
    ) {
        self.context = context
        self.http = http ?? context.http
        self.timeout = timeout
        breakers = Dictionary(uniqueKeysWithValues: ServiceName.all.map { ($0, CircuitBreaker()) })
        for (service, breaker) in breakers { breaker.show(on: context.metrics, service: service, lane: lane) }
        outage = OutageLog(
            context.logger, failing: "calls to a service fail", over: "calls to the services succeed again",
            uptime: context.uptime)
    }

    // MARK: Calls

    /// - Parameters:
    ///   - target: path and query; inserted texts are ids or escaped.
    ///   - timeout: nil for the default.
    /// - Throws: ``ServiceCallError``; `CancellationError`.
    public func get<Answer: Decodable>(
        _ service: ServiceName, _ target: String, as type: Answer.Type, timeout: Duration? = nil
    ) async throws -> Answer {
        try decode(try await call(service, .get, target, timeout: timeout), of: service)
    }

    /// - Parameter key: an `Idempotency-Key`, which makes the call idempotent.
    public func post<Answer: Decodable>(
        _ service: ServiceName, _ target: String, _ body: some Encodable, key: String? = nil, as type: Answer.Type
    ) async throws -> Answer {
        try decode(try await call(service, .post, target, try HubJSON.encode(body), key: key), of: service)
    }

    public func put(_ service: ServiceName, _ target: String, _ body: some Encodable) async throws {
        _ = try await call(service, .put, target, try HubJSON.encode(body))
    }

    public func delete(_ service: ServiceName, _ target: String) async throws {
        _ = try await call(service, .delete, target)
    }

    /// - Parameters:
    ///   - body: JSON.
    ///   - timeout: nil for the default.
    /// - Returns: the body of a successful response.
    public func call(
        _ service: ServiceName, _ method: HTTPMethod, _ target: String, _ body: [UInt8]? = nil, key: String? = nil,
        timeout: Duration? = nil
    ) async throws -> [UInt8] {
        guard let breaker = breakers[service], breaker.admit(at: context.uptime()) == nil else {
            throw ServiceCallError.down(service)
        }
        let end = context.uptime() + (timeout ?? self.timeout)
        do {
            var answer = await attempt(service, method, target, body, key, until: end)
            if case .failure(let error) = answer, Self.isWorthRepeating(error), method.isIdempotent || key != nil {
                try await context.loops.next().sleep(for: Self.repeatPause * Double.random(in: 0.5...1.5))
                answer = await attempt(service, method, target, body, key, until: end)
            }
            let (response, bytes) = try answer.get()
            breaker.succeeded()
            outage.succeeded([.name: .text(service.rawValue)], of: service.rawValue)
            return try Self.judged(response, bytes, of: service)
        } catch let error as HTTPClientError {
            throw refusal(error, service, breaker)
        }
    }

    // MARK: Parts

    private func attempt(
        _ service: ServiceName, _ method: HTTPMethod, _ target: String, _ body: [UInt8]?, _ key: String?,
        until end: ContinuousClock.Instant
    ) async -> Result<(HTTPClientResponse, [UInt8]), HTTPClientError> {
        guard let address = context.services[service] else {
            return .failure(.connectFailed("no address is configured for it"))
        }
        var request = HTTPClientRequest(method, address + target)
        request.fields[IdentitySeal.fieldName] = context.seal.header(
            for: .service(context.name), method: method.rawValue, target: target, body: body ?? [])
        if let trace = TraceContext.current?.child() {
            request.fields["x-correlation-id"] = trace.correlationID
            request.fields["traceparent"] = trace.traceparent.description
        }
        request.fields["idempotency-key"] = key
        if let body {
            request.fields["content-type"] = "application/json"
            request.body = .bytes(body)
        }
        let left = end - context.uptime()
        guard left > .zero else { return .failure(.timedOut) }
        do throws(HTTPClientError) {
            let response = try await http.send(request, timeout: left)
            return .success((response, try await Self.bytes(of: response)))
        } catch {
            return .failure(error)
        }
    }

    private static func bytes(of response: HTTPClientResponse) async throws(HTTPClientError) -> [UInt8] {
        do throws(HTTPBodyError) {
            return try await response.body.collect(bytesMax: answerBytesMax)
        } catch {
            switch error {
            case .tooLarge(let bytesMax): throw .bodyTooLarge(bytesMax: bytesMax)
            case .interrupted: throw .protocolError("the connection closed before the response was complete")
            case .timedOut: throw .timedOut
            case .cancelled: throw .cancelled
            }
        }
    }

    private static func isWorthRepeating(_ error: HTTPClientError) -> Bool {
        switch error {
        case .connectFailed, .protocolError: true
        default: false
        }
    }

    private static func judged(
        _ response: HTTPClientResponse, _ bytes: [UInt8], of service: ServiceName
    ) throws(ServiceCallError) -> [UInt8] {
        let wait = response.fields["retry-after"].flatMap { Int($0) }.map { min(max(1, $0), busySecondsMax) }
        switch response.status.code {
        case 200..<300: return bytes
        case 429: throw .busy(service, retryAfterSeconds: wait ?? 1)
        case 503: throw wait.map { .busy(service, retryAfterSeconds: $0) } ?? .down(service)
        case 502, 504: throw .down(service)
        case 405: throw .unsupported(service)
        case 400..<500:
            let problem = Problem(from: bytes, response.status)
            let isUnsupported = [Problem.unknownPath.code, Problem.notFromTheGateway.code].contains(problem.code)
            throw isUnsupported ? .unsupported(service) : .refused(service, problem)
        default: throw .malformed(service)
        }
    }

    private func refusal(_ error: HTTPClientError, _ service: ServiceName, _ breaker: CircuitBreaker) -> any Error {
        switch error {
        case .cancelled: return CancellationError()
        case .busy: return ServiceCallError.busy(service, retryAfterSeconds: 1)
        case .invalidRequest, .requestBodyFailed, .bodyTooLarge: return ServiceCallError.malformed(service)
        case .connectFailed, .timedOut, .protocolError:
            breaker.failed(at: context.uptime())
            outage.failed(
                [
                    .name: .text(service.rawValue), .url: .text(context.services[service] ?? ""),
                    .error: LogValue(error),
                ], of: service.rawValue)
            return ServiceCallError.down(service)
        }
    }

    private func decode<Answer: Decodable>(_ bytes: [UInt8], of service: ServiceName) throws -> Answer {
        do {
            return try HubJSON.decode(Answer.self, from: bytes)
        } catch {
            // The error could contain response data.
            context.logger.error("the response of a service could not be decoded", [.name: .text(service.rawValue)])
            throw ServiceCallError.malformed(service)
        }
    }
}

extension Problem {
    /// The problem that another service sent, or one with its status only.
    fileprivate init(from bytes: [UInt8], _ status: HTTPStatus) {
        struct View: Decodable {
            struct FieldError: Decodable {
                let field, message: String
            }
            let code: String
            let title, detail: String?
            let errors: [FieldError]?
        }
        let view = try? HubJSON.decode(View.self, from: bytes)
        self.init(
            status, view?.code ?? "refused", title: view?.title, detail: view?.detail,
            errors: view?.errors?.map { FieldError(field: $0.field, message: $0.message) } ?? [])
    }
}
