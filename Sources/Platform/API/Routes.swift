public import HTTP
public import Observability

/// The routes of a service behind the gateway.
///
/// Around each stands the same: the sealed identity is checked, with the body it was sealed for; the trace context is taken over,
/// access is decided, query parameters that the route does not know are refused, errors become problems, and the answer is counted
/// and timed.
public struct Routes: Sendable {
    public typealias Handler = @Sendable (Request) async throws -> Response
    public typealias OnceHandler = @Sendable (Request, Once) async throws -> Response

    /// A body is sealed, so it is here before its handler begins: what is longer comes as a stream.
    static let bodyBytesMax = 1024 * 1024

    private let seal: IdentitySeal
    private let logger: Logger
    private let metrics: Metrics
    private let keys: IdempotencyKeys
    private(set) var router = Router()

    init(_ context: ServiceContext) {
        self.init(seal: context.seal, logger: context.logger, metrics: context.metrics)
    }

    init(seal: IdentitySeal, logger: Logger, metrics: Metrics) {
        self.seal = seal
        keys = IdempotencyKeys(seal)
        self.logger = logger
        self.metrics = metrics
    }

    public mutating func get(
        _ pattern: String, _ access: Access, query: QueryNames = .none, _ handler: @escaping Handler
    ) {
        add(.get, pattern, access, query: query, handler)
    }
    public mutating func post(_ pattern: String, _ access: Access, _ handler: @escaping Handler) {
        add(.post, pattern, access, handler)
    }
    /// A POST that creates or charges: `Idempotency-Key` is honoured. What the handler calls acts through the ``Once`` it is given.
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
    /// A PUT whose handler reads the body as it comes: nobody vouches for more than who sends it. Its length is told beforehand.
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

    private mutating func add(
        _ method: HTTPMethod, _ pattern: String, _ access: Access, query: QueryNames = .none,
        streamBytesMax: Int? = nil, _ handler: @escaping Handler
    ) {
        let (seal, logger) = (seal, logger)
        let meter = RouteMeter(metrics, method: method, pattern: pattern)
        let label = "\(method) \(pattern)"
        router.add(method, pattern, bodyBytesMax: streamBytesMax) { http in
            var trace = TraceContext.request(
                correlationID: http.fields["x-correlation-id"], traceparent: http.fields["traceparent"])
            trace.route = label
            return await TraceContext.$current.withValue(trace) {
                await meter.measure {
                    do {
                        let header = http.fields[IdentitySeal.fieldName]
                        // A HEAD request is answered by the route for GET, but was sealed as what it is.
                        let method = http.method.rawValue
                        guard let sealed = seal.open(header, method: method, target: http.target) else {
                            throw Problem.notFromTheGateway
                        }
                        try access.check(sealed.identity)
                        try query.check(http)
                        var checked = http
                        if let streamBytesMax {
                            try Self.checkStream(http.body, sealed, bytesMax: streamBytesMax)
                        } else {
                            checked.body = try await Self.whole(http.body, sealed)
                        }
                        return try await handler(Request(checked, identity: sealed.identity)).unlessKnown(to: http)
                    } catch {
                        let problem = Problem(answering: error)
                        if problem.isOurFault {
                            logger.error(
                                "request failed",
                                [.method: .text(method.rawValue), .route: .text(pattern), .error: LogValue(error)])
                        }
                        return problem.response()
                    }
                }
            }
        }
    }
}

extension Routes {
    /// - Throws: 401 for a body that nobody vouched for, 413.
    private static func whole(_ body: HTTPBody, _ sealed: SealedRequest) async throws -> HTTPBody {
        let bytes = try await body.collect(bytesMax: bodyBytesMax)
        guard sealed.isFor(body: bytes) else { throw Problem.notFromTheGateway }
        return .bytes(bytes)
    }

    /// - Throws: 401 for a body that was sealed as a whole, 411 for one of unknown length, 413.
    private static func checkStream(_ body: HTTPBody, _ sealed: SealedRequest, bytesMax: Int) throws(Problem) {
        guard sealed.isForStream else { throw .notFromTheGateway }
        guard let length = body.length else { throw .lengthRequired }
        if length > bytesMax { throw .bodyTooLarge(bytesMax: bytesMax) }
    }
}

extension Access {
    func check(_ identity: Identity) throws(Problem) {
        switch (self, identity) {
        case (.anyone, _), (.user, .user): return
        case (.services(let names), .service(let name)):
            if !names.contains(name) { throw .notAllowed }
        case (.roles(let roles), .user(_, let role, _)):
            if !roles.contains(role) { throw .notAllowed }
        case (.user, .anonymous), (.roles, .anonymous): throw .notLoggedIn
        default: throw .notAllowed
        }
    }
}

/// Counts and times the answers of one route.
public struct RouteMeter: Sendable {
    private let seconds: Histogram
    /// By the first digit of the status.
    private let answers: [Counter]

    public init(_ metrics: Metrics, method: HTTPMethod, pattern: String) {
        seconds = metrics.histogram(
            "hub_http_request_seconds", help: "Time from the header of a request to its answer.",
            labels: ["method": method.rawValue, "route": pattern])
        answers = ["1xx", "2xx", "3xx", "4xx", "5xx"].map { status in
            metrics.counter(
                "hub_http_requests_total", help: "Answers by route and class of status.",
                labels: ["method": method.rawValue, "route": pattern, "status": status])
        }
    }

    public func measure(_ body: () async -> Response) async -> Response {
        let clock = ContinuousClock()
        let start = clock.now
        let response = await body()
        seconds.observe(clock.now - start)
        answers[min(max(response.status.code / 100, 1), 5) - 1].increment()
        return response
    }
}
