internal import Contracts
internal import EventLoop
internal import HTTP
internal import Observability
internal import Platform

/// Metrics and logs of the services behind the gateway: their latency, breaker state, and why requests are refused.
struct UpstreamStanding: Sendable {
    private let outage: OutageLog
    private let seconds: [ServiceName: Histogram]
    private let directory: ServiceDirectory
    private let metrics: Metrics

    init(_ context: ServiceContext) {
        outage = OutageLog(
            context.logger, failing: "requests cannot be forwarded", over: "requests are forwarded again",
            uptime: context.uptime)
        let metrics = context.metrics
        seconds = Dictionary(
            uniqueKeysWithValues: ServiceName.all.map { service in
                let histogram = metrics.histogram(
                    "gateway_upstream_seconds", help: "Time from forwarding a request to the head of the response.",
                    labels: ["service": service.rawValue])
                return (service, histogram)
            })
        directory = context.services
        self.metrics = metrics
    }

    func show(_ breakers: [ServiceName: CircuitBreaker], of lane: Lane) {
        for (service, breaker) in breakers { breaker.show(on: metrics, service: service, lane: lane.rawValue) }
    }

    func show(_ room: Bulkhead, of lane: Lane) {
        metrics.gauge(
            "gateway_waiting_requests", help: "Expensive requests that wait for a place, by lane.",
            labels: ["lane": lane.rawValue]
        ) { Double(room.counts.waiting) }
    }

    func answered(_ service: ServiceName, after time: Duration) {
        seconds[service]?.observe(time)
        outage.succeeded([.name: .text(service.rawValue)], of: service.rawValue)
    }

    /// - Parameter cause: the reason from the client or the breaker.
    func refused(_ refusal: any Error, _ service: ServiceName, because cause: String) {
        let problem = Problem(answering: refusal)
        guard problem.isOurFault else { return }
        outage.failed(
            [
                .name: .text(service.rawValue), .url: .text(directory[service] ?? ""), .code: .text(problem.code),
                .error: .text(cause),
            ], of: service.rawValue)
    }
}
