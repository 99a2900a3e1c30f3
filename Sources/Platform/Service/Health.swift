internal import EventLoop
internal import HTTP
internal import Observability

/// Whether a part that a service depends on works.
public struct HealthCheck: Sendable {
    let name: String
    let check: @Sendable () async throws -> Void

    /// - Parameter check: returns when the part works, throws what is wrong when not.
    public init(_ name: String, _ check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.check = check
    }
}

/// `/health/live`, `/health/ready` and `/metrics`, the same on every service and open without an identity.
struct HealthRoutes {
    /// The page is open to everybody: whoever asks again and again makes no work of it.
    static let readyKept = Duration.milliseconds(250)

    private let metrics: Metrics
    private let ready: SharedFetch<HTTPResponse>

    init(_ loops: EventLoopGroup, _ metrics: Metrics, checks: [HealthCheck], readyKept: Duration = readyKept) {
        self.metrics = metrics
        ready = SharedFetch(loops, keptTime: readyKept) { await Self.ready(checks) }
    }

    func add(to router: inout Router) {
        router.add(.get, "/health/live") { _ in (try? .ok(["status": "live"])) ?? HTTPResponse(.ok) }
        router.add(.get, "/health/ready") { [ready] _ in (try? await ready.value()) ?? HTTPResponse(.serviceUnavailable)
        }
        router.add(.get, "/metrics") { [metrics] _ in
            HTTPResponse(
                .ok, fields: ["content-type": Metrics.prometheusContentType], body: .text(metrics.prometheusText()))
        }
    }

    private static func ready(_ checks: [HealthCheck]) async -> HTTPResponse {
        var states: [String: String] = [:]
        for check in checks {
            do {
                try await check.check()
                states[check.name] = "ok"
            } catch {
                // The reason is for the log, not for whoever can reach the port.
                states[check.name] = "failing"
            }
        }
        let isReady = !states.values.contains("failing")
        let view = ReadyView(status: isReady ? "ready" : "not-ready", checks: states)
        let bytes = (try? HubJSON.encode(view)) ?? []
        return .json(isReady ? .ok : .serviceUnavailable, bytes)
    }
}

private struct ReadyView: Encodable {
    let status: String
    let checks: [String: String]
}
