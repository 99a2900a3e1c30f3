public import HTTP
public import Observability

/// Counts and times one route's responses.
public struct RouteMeter: Sendable {
    private let seconds: Histogram
    /// Index: first digit of the status.
    private let answers: [Counter]

    public init(_ metrics: Metrics, method: HTTPMethod, pattern: String) {
        seconds = metrics.histogram(
            "hub_http_request_seconds", help: "Time from the request header to the response.",
            labels: ["method": method.rawValue, "route": pattern])
        answers = ["1xx", "2xx", "3xx", "4xx", "5xx"].map { status in
            metrics.counter(
                "hub_http_requests_total", help: "Responses by route and status class.",
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
