public import Contracts
public import HTTP
public import Messaging
public import Observability

/// Records the route and status of each response, without personal data: as a log line, at a level that the operator sets,
/// and as an entry in the ``RequestLog``, where `trace` finds it for a day.
public struct AccessLog: Sendable {
    private let service: ServiceName
    private let logger: Logger
    private let level: LogLevel
    private let requests: RequestLog?

    /// - Parameters:
    ///   - level: of the log lines.
    ///   - requests: nil to store no requests.
    public init(_ service: ServiceName, logger: Logger, level: LogLevel, requests: RequestLog?) {
        self.service = service
        self.logger = logger
        self.level = level
        self.requests = requests
    }

    /// Time of arrival.
    struct Start {
        let time = ContinuousClock.now
        let atMs = WallClock.millisecondsSinceEpoch
    }

    /// Health probes of services are frequent and have no known correlation ids. The gateway's are recorded.
    func skips(_ request: HTTPRequest) -> Bool {
        service != .gateway && (request.route.map(HealthRoutes.paths.contains) ?? false)
    }

    /// - Returns: the response to send: a service adds its route, the gateway removes it.
    func record(_ response: HTTPResponse, to request: HTTPRequest, since start: Start) -> HTTPResponse {
        var response = response
        let route = response.fields[Around.routeField] ?? request.route ?? Self.noRoute
        response.fields[Around.routeField] = service == .gateway ? nil : request.route
        write(
            request.method.rawValue, route, response.status.code, ContinuousClock.now - start.time, at: start.atMs,
            TraceContext.current?.correlationID)
        return response
    }

    /// Records a refusal by the server, before routing.
    public func recordRefusal(_ response: HTTPResponse, _ trace: TraceContext) {
        TraceContext.$current.withValue(trace) {
            write(
                "-", Self.noRoute, response.status.code, .zero, at: WallClock.millisecondsSinceEpoch,
                trace.correlationID)
        }
    }

    /// Unknown paths may contain anything, so they are not recorded.
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
