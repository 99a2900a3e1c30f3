public import Contracts
public import HTTP
public import Messaging
public import Observability

/// Writes down which route answered what, to whom it may concern and about nobody: a log line for each answer, at a level of the
/// operator's choice, and an entry in the ``RequestLog``, where `trace` finds it for a day.
public struct AccessLog: Sendable {
    private let service: ServiceName
    private let logger: Logger
    private let level: LogLevel
    private let requests: RequestLog?

    /// - Parameters:
    ///   - level: of the lines; below the logger's, none are written.
    ///   - requests: nil where none are kept.
    public init(_ service: ServiceName, logger: Logger, level: LogLevel, requests: RequestLog?) {
        self.service = service
        self.logger = logger
        self.level = level
        self.requests = requests
    }

    /// When a request came.
    struct Start {
        let time = ContinuousClock.now
        let atMs = WallClock.millisecondsSinceEpoch
    }

    /// Probes of a service come all day long, and nobody is told their correlation ids. Behind the gateway's door they are.
    func skips(_ request: HTTPRequest) -> Bool {
        service != .gateway && (request.route.map(HealthRoutes.paths.contains) ?? false)
    }

    /// - Returns: the answer as it leaves: the service tells its route, the gateway keeps it to itself.
    func record(_ response: HTTPResponse, to request: HTTPRequest, since start: Start) -> HTTPResponse {
        var response = response
        let route = response.fields[Around.routeField] ?? request.route ?? Self.noRoute
        response.fields[Around.routeField] = service == .gateway ? nil : request.route
        write(
            request.method.rawValue, route, response.status.code, ContinuousClock.now - start.time, at: start.atMs,
            TraceContext.current?.correlationID)
        return response
    }

    /// What the server refused before it asked any route.
    public func recordRefusal(_ response: HTTPResponse, _ trace: TraceContext) {
        TraceContext.$current.withValue(trace) {
            write(
                "-", Self.noRoute, response.status.code, .zero, at: WallClock.millisecondsSinceEpoch,
                trace.correlationID)
        }
    }

    /// A path that is none of ours may hold anything, so it is not written down.
    private static let noRoute = "-"

    private func write(
        _ method: String, _ route: String, _ status: Int, _ duration: Duration, at atMs: Int64,
        _ correlationID: String?
    ) {
        logger.log(
            level, "request answered",
            [
                .method: .text(method), .route: .text(route), .status: LogValue(status),
                .durationMs: LogValue(duration),
            ])
        guard let requests, let correlationID else { return }
        requests.note(
            AnsweredRequest(
                atMs: atMs, service: service, method: method, route: route, status: status,
                microseconds: Int64(duration / .microseconds(1)), correlationID: correlationID))
    }
}
