internal import Contracts
internal import EventLoop
internal import HTTP
internal import Observability
internal import Platform

/// Calls services for one kind of work, with separate connections and circuit breakers, and a bulkhead for expensive work.
struct Upstream: Sendable {
    /// Assumed time between completions of expensive work, until measured: a hash on one thread.
    private static let paceAtFirst = Duration.milliseconds(25)

    private let http: HTTPClient
    private let room: Bulkhead?
    private let breakers: [ServiceName: CircuitBreaker]
    private let uptime: Uptime
    private let standing: UpstreamStanding
    /// For paths without their own.
    private let timeout: Duration

    /// - Parameter standing: shared by all lanes.
    init(_ lane: Lane, _ context: ServiceContext, _ standing: UpstreamStanding, timeout: Duration) {
        if lane == .general {
            http = context.http
        } else {
            var configuration = HTTPClientConfiguration()
            if let max = lane.connectionsMax { configuration.connectionsPerHostMax = max }
            http = HTTPClient(loops: context.loops, configuration: configuration)
        }
        room = lane.room.map {
            Bulkhead(inFlightMax: $0.inFlightMax, waitMax: $0.waitMax, pace: Self.paceAtFirst, uptime: context.uptime)
        }
        breakers = Dictionary(uniqueKeysWithValues: ServiceName.all.map { ($0, CircuitBreaker()) })
        standing.show(breakers, of: lane)
        if let room { standing.show(room, of: lane) }
        self.standing = standing
        uptime = context.uptime
        self.timeout = timeout
    }

    /// - Parameters:
    ///   - timeMax: timeout of the whole response; nil for the default.
    ///   - request: made when it is sent, so that its seal is fresh.
    /// - Throws: ``GatewayError``, a `Problem` caused by the client, and `Bulkhead.Full`.
    func send(
        to service: ServiceName, within timeMax: Duration?, _ request: () -> HTTPClientRequest
    ) async throws -> HTTPClientResponse {
        let timeMax = timeMax ?? timeout
        guard let room else { return try await sendNow(request(), to: service, within: timeMax) }
        try await room.enter()
        var isDone = false
        defer { room.leave(isDone: isDone) }
        let answer = try await sendNow(request(), to: service, within: timeMax)
        isDone = answer.status != .serviceUnavailable
        return answer
    }

    private func sendNow(
        _ request: HTTPClientRequest, to service: ServiceName, within timeMax: Duration
    ) async throws -> HTTPClientResponse {
        guard let breaker = breakers[service] else { throw Problem.unavailable }
        if let seconds = breaker.admit(at: uptime()) {
            let error = GatewayError.upstreamAway(retryAfterSeconds: seconds)
            standing.refused(error, service, because: "it failed repeatedly, and its circuit breaker is open")
            throw error
        }
        let start = uptime()
        do {
            let answer = try await exchange(request, within: timeMax)
            breaker.succeeded()
            standing.answered(service, after: uptime() - start)
            return answer
        } catch {
            if Self.speaksAgainstService(error) { breaker.failed(at: uptime()) }
            let refusal = Self.refusal(error)
            standing.refused(refusal, service, because: "\(error)")
            throw refusal
        }
    }

    /// Retries once if the request is idempotent and has no body.
    private func exchange(
        _ request: HTTPClientRequest, within timeMax: Duration
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        do {
            return try await http.send(request, timeout: timeMax)
        } catch .protocolError where request.method.isIdempotent && request.body.length == 0 {
            return try await http.send(request, timeout: timeMax)
        }
    }

    /// Only failures of the service itself count against it.
    private static func speaksAgainstService(_ error: HTTPClientError) -> Bool {
        switch error {
        case .connectFailed, .timedOut, .protocolError, .bodyTooLarge: true
        case .cancelled, .requestBodyFailed, .busy, .invalidRequest: false
        }
    }

    private static func refusal(_ error: HTTPClientError) -> any Error {
        switch error {
        case .cancelled: Problem.clientGone
        case .requestBodyFailed: Problem.requestTimeout
        case .busy: Problem.tooBusy(retryAfterSeconds: 1)
        case .connectFailed: GatewayError.upstreamAway(retryAfterSeconds: 1)
        case .timedOut: GatewayError.upstreamTimedOut
        case .protocolError, .bodyTooLarge, .invalidRequest: GatewayError.upstreamFailed
        }
    }
}
