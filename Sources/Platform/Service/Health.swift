internal import EventLoop
internal import HTTP
internal import Observability

/// A check of a part that a service depends on.
public struct HealthCheck: Sendable {
    /// The check that fails while partitions wait for `groups reset`.
    public static let stoppedPartitions = "stopped partitions"

    let name: String
    let isVital: Bool
    let check: @Sendable () async throws -> Void

    /// - Parameters:
    ///   - isVital: whether the service is useless without the part. The failure of another part is only reported: taking the service
    ///     out of use would make a small outage a large one.
    ///   - check: returns when the part works, else throws the reason.
    public init(_ name: String, isVital: Bool = true, _ check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.isVital = isVital
        self.check = check
    }
}

/// `/health/live`, `/health/ready` and `/metrics`, the same on every service and open without an identity.
struct HealthRoutes {
    /// Who can reach the pages.
    enum Readers {
        /// Anyone in the hub's own network.
        case operators
        /// Anyone: they get the state only, without checks and metrics.
        case everybody
    }

    static let paths: Set<String> = ["/health/live", "/health/ready", "/metrics"]
    /// The page is public: frequent requests share one result.
    static let readyKept = Duration.milliseconds(250)
    /// A part that takes longer counts as failing. Well below the usual probe timeout of 1 s.
    static let checkTimeMax = Duration.milliseconds(500)

    private let metrics: Metrics
    private let ready: SharedFetch<HTTPResponse>
    private let measured: SharedFetch<Void>

    init(
        _ loops: EventLoopGroup, _ metrics: Metrics, checks: [HealthCheck], measures: [HealthCheck] = [],
        readyKept: Duration = readyKept, checkTimeMax: Duration = checkTimeMax
    ) {
        self.metrics = metrics
        let parts = checks.map { BoundedCheck($0, loops, timeMax: checkTimeMax) }
        ready = SharedFetch(loops, keptTime: readyKept) { await Self.ready(parts) }
        let measured = measures.map { BoundedCheck($0, loops, timeMax: checkTimeMax) }
        self.measured = SharedFetch(loops, keptTime: readyKept) {
            for measure in measured { _ = await measure.failure() }
        }
    }

    func add(to router: inout Router, for readers: Readers) {
        router.add(.get, "/health/live") { _ in (try? .ok(["status": "live"])) ?? HTTPResponse(.ok) }
        router.add(.get, "/health/ready") { [ready] _ in
            guard let answer = try? await ready.value() else { return HTTPResponse(.serviceUnavailable) }
            guard readers == .everybody else { return answer }
            let view = ReadyView(status: answer.status == .ok ? "ready" : "not-ready", checks: nil, reasons: nil)
            return .json(answer.status, (try? HubJSON.encode(view)) ?? [])
        }
        if readers == .everybody { return }
        router.add(.get, "/metrics") { [metrics, measured] _ in
            // On failure, gauges keep their last value, or show NaN.
            try? await measured.value()
            return HTTPResponse(
                .ok, fields: ["content-type": Metrics.prometheusContentType], body: .text(metrics.prometheusText()))
        }
    }

    /// The parts are checked concurrently, so the response takes no longer than one check.
    private static func ready(_ parts: [BoundedCheck]) async -> HTTPResponse {
        let failures: [String: String] = await withTaskGroup(of: (String, String?).self) { group in
            for part in parts { group.addTask { (part.name, await part.failure()) } }
            return await group.reduce(into: [:]) { failures, part in failures[part.0] = part.1 }
        }
        let isReady = !parts.contains { $0.isVital && failures[$0.name] != nil }
        let states = parts.map { ($0.name, failures[$0.name] == nil ? "ok" : "failing") }
        let view = ReadyView(
            status: isReady ? "ready" : "not-ready", checks: Dictionary(states) { first, _ in first },
            reasons: failures.isEmpty ? nil : failures)
        let bytes = (try? HubJSON.encode(view)) ?? []
        return .json(isReady ? .ok : .serviceUnavailable, bytes)
    }
}

/// A check with a timeout. A check that hangs keeps running, once; further callers do not start it again.
private struct BoundedCheck: Sendable {
    let name: String
    let isVital: Bool
    private let outcome: SharedFetch<Outcome>
    private let loops: EventLoopGroup
    private let timeMax: Duration

    private enum Outcome {
        case works
        case fails(String)
    }

    /// The maximum length of a reason in characters.
    private static let reasonCountMax = 300

    init(_ check: HealthCheck, _ loops: EventLoopGroup, timeMax: Duration) {
        name = check.name
        isVital = check.isVital
        outcome = SharedFetch(loops, keptTime: .zero) {
            do {
                try await check.check()
                return .works
            } catch {
                return .fails(String("\(error)".prefix(Self.reasonCountMax)))
            }
        }
        self.loops = loops
        self.timeMax = timeMax
    }

    /// The reason why the part does not work; nil when it works.
    func failure() async -> String? {
        let (answers, answer) = AsyncStream.makeStream(of: Outcome.self, bufferingPolicy: .bufferingOldest(1))
        let loop = loops.next()
        let check = loop.start("health check") {
            answer.yield((try? await outcome.value()) ?? .fails("the check was cancelled"))
        }
        let limit = loop.start("health check limit") {
            try await loop.sleep(for: timeMax)
            answer.yield(.fails("no answer within \(timeMax)"))
        }
        defer {
            check.cancel()
            limit.cancel()
        }
        guard case .fails(let reason)? = await answers.first(where: { _ in true }) else { return nil }
        return reason
    }
}

private struct ReadyView: Encodable {
    let status: String
    let checks: [String: String]?
    /// Why parts fail, for operators.
    let reasons: [String: String]?
}
