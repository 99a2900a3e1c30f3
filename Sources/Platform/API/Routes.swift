public import HTTP
internal import Observability

/// The routes of a service behind the gateway.
///
/// Middleware around all routes takes over the trace context and records each response. For each route, from the outside: the response
/// is counted and timed, errors become problems, the sealed identity is checked, access is checked, unknown query parameters are
/// refused, the body is compared with the seal, and a version the client has is not sent.
public struct Routes: Sendable {
    public typealias Handler = @Sendable (Request) async throws -> Response
    public typealias OnceHandler = @Sendable (Request, Once) async throws -> Response

    /// A sealed body is read before the handler starts; longer bodies are streamed.
    static let bodyBytesMax = 1024 * 1024

    private let seal: IdentitySeal
    private let logger: Logger
    private let unavailable: OutageLog
    private let invalidSeals: OutageLog
    private let metrics: Metrics
    private let keys: IdempotencyKeys
    private(set) var router = Router()

    init(_ context: ServiceContext) {
        self.init(seal: context.seal, logger: context.logger, metrics: context.metrics, access: context.access)
    }

    init(seal: IdentitySeal, logger: Logger, metrics: Metrics, access: AccessLog? = nil) {
        self.seal = seal
        keys = IdempotencyKeys(seal)
        self.logger = logger
        unavailable = OutageLog(
            logger, level: .error, failing: "requests fail because a dependency is not available",
            over: "requests succeed again")
        invalidSeals = OutageLog(
            logger,
            failing:
                "requests have an invalid seal: a process of the hub has another HUB_IDENTITY_SECRET or a wrong clock",
            over: "all requests have a valid seal again")
        self.metrics = metrics
        router.wrap(Around.traced)
        if let access { router.wrap(Around.recorded(access)) }
    }

    public mutating func get(
        _ pattern: String, _ access: Access, query: QueryNames = .none, _ handler: @escaping Handler
    ) {
        add(.get, pattern, access, query: query, handler)
    }
    public mutating func post(_ pattern: String, _ access: Access, _ handler: @escaping Handler) {
        add(.post, pattern, access, handler)
    }
    /// A POST that creates or charges. It supports `Idempotency-Key`: the operation acts through the given ``Once``.
    public mutating func postOnce(_ pattern: String, _ access: Access, _ handler: @escaping OnceHandler) {
        let keys = keys
        add(.post, pattern, access) { request in
            let once = try await keys.once(request)
            var response = try await handler(request, once)
            switch once.outcome {
            case .made: break
            case .found: response.fields["idempotent-replayed"] = "true"
            case .nothing: throw ActedWithoutOnce()
            }
            return response
        }
    }
    public mutating func put(_ pattern: String, _ access: Access, _ handler: @escaping Handler) {
        add(.put, pattern, access, handler)
    }
    /// A PUT whose handler reads the body as a stream. The body is not sealed; its length must be declared.
    public mutating func putStream(
        _ pattern: String, _ access: Access, bodyBytesMax: Int, _ handler: @escaping Handler
    ) {
        add(.put, pattern, access, streamBytesMax: bodyBytesMax, handler)
    }
    public mutating func patch(_ pattern: String, _ access: Access, _ handler: @escaping Handler) {
        add(.patch, pattern, access, handler)
    }
    public mutating func delete(_ pattern: String, _ access: Access, _ handler: @escaping Handler) {
        add(.delete, pattern, access, handler)
    }

    private func toldWhenBack(_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse {
        let response = await next(request)
        if response.status.code < 500 { unavailable.succeeded() }
        return response
    }

    private mutating func add(
        _ method: HTTPMethod, _ pattern: String, _ access: Access, query: QueryNames = .none,
        streamBytesMax: Int? = nil, _ handler: @escaping Handler
    ) {
        let body = streamBytesMax.map(Sealed.withStream) ?? Sealed.withWholeBody(bytesMax: Self.bodyBytesMax)
        let steps: [Step] = [
            Sealed.identified(by: seal, invalid: invalidSeals), Sealed.allowed(access), query.checked, body,
            Sealed.unlessKnown,
        ]
        let answering = Answering { [logger, unavailable] error, problem, _ in
            guard problem.isOurFault else { return }
            let facts: [LogKey: LogValue] = [
                .method: .text(method.rawValue), .route: .text(pattern), .error: LogValue(error),
            ]
            if problem.status == .serviceUnavailable {
                unavailable.failed(facts)
            } else {
                logger.error("request failed", facts)
            }
        }
        let meter = RouteMeter(metrics, method: method, pattern: pattern)
        router.add(
            method, pattern, bodyBytesMax: streamBytesMax,
            handler: [Around.metered(meter), toldWhenBack].around(answering(steps.around(handler))))
    }
}
