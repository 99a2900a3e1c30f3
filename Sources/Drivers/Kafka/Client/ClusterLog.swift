internal import CKafka
internal import Observability
internal import Synchronization

/// The log lines of librdkafka, of all clients of a cluster. Each client writes many lines per second while a broker is unreachable.
///
/// Failures of a broker are reported as one outage of the process, and so are consumers that lose their session meanwhile. Other lines
/// are limited in number per minute, and the number of dropped lines is logged.
final class ClusterLog: Sendable {
    private let logger: Logger
    private let brokers: OutageLog
    private let sessions: OutageLog
    private let uptime: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>

    private struct State {
        var since: ContinuousClock.Instant
        var writtenCount = 0
        var droppedCount = 0
        /// The last failure of each broker.
        var failedAt: [String: ContinuousClock.Instant] = [:]
    }

    private static let linesPerMinuteMax = 20
    /// A broker that has ended stays in the cluster's metadata until its session times out, after 9 s by default.
    static let sessionTime = Duration.seconds(12)
    /// The facilities and error codes of failed connections.
    private static let places: Set<String> = [
        "FAIL", "_TRANSPORT", "_RESOLVE", "_SSL", "_AUTHENTICATION", "_TIMED_OUT",
    ]

    /// Facilities whose lines are no news: a setting that we chose, and a producer's id that librdkafka asks for again, as at the first
    /// start of a cluster. If it gets none, appends fail and are reported.
    private static let expected: Set<String> = ["CONFWARN", "GETPID"]

    init(_ logger: Logger, uptime: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.logger = logger
        self.uptime = uptime
        brokers = OutageLog(
            logger, failing: "a Kafka broker cannot be reached", over: "the Kafka brokers can be reached again",
            uptime: uptime)
        sessions = OutageLog(
            logger, failing: "consumers have lost their session with a Kafka broker and join their groups again",
            over: "the Kafka brokers that coordinate the groups can be reached again", uptime: uptime)
        state = Mutex(State(since: uptime()))
    }

    func write(_ event: ClientEvent) {
        var place: UnsafePointer<CChar>?, text: UnsafePointer<CChar>?
        let level = hub_kafka_event_log(event.raw, &place, &text)
        write(
            Self.level(ofSyslog: level), place: place.map { String(cString: $0) } ?? "",
            text: text.map { String(cString: $0) } ?? "")
    }

    func write(_ level: LogLevel, place: String, text: String) {
        // Each broker reports its own failure.
        if place == "_ALL_BROKERS_DOWN" { return }
        if Self.expected.contains(place) {
            return logger.debug("kafka client", [.name: .text(place), .reason: .text(text)])
        }
        if place == "SESSTMOUT" { return sessions.failed([.reason: .text(text)]) }
        if Self.places.contains(place), let (address, reason) = Self.failure(in: text) {
            // A connection that was open and ends is no outage: brokers close idle ones. A failed attempt to connect follows if it is.
            if reason.hasPrefix("Disconnected"), text.contains("in state UP") { return }
            let now = uptime()
            state.withLock { $0.failedAt[address] = now }
            return brokers.failed([.url: .text(address), .reason: .text(reason)], of: address)
        }
        let now = uptime()
        let (isWritten, droppedCount) = state.withLock { state in
            var dropped = 0
            if now - state.since >= .seconds(60) {
                dropped = state.droppedCount
                (state.since, state.writtenCount, state.droppedCount) = (now, 0, 0)
            }
            let isWritten = state.writtenCount < Self.linesPerMinuteMax
            if isWritten { state.writtenCount += 1 } else { state.droppedCount += 1 }
            return (isWritten, dropped)
        }
        if droppedCount > 0 { logger.notice("kafka client log lines dropped", [.count: .init(droppedCount)]) }
        if isWritten { logger.log(level, "kafka client", [.name: .text(place), .reason: .text(text)]) }
    }

    /// The cluster has answered, and named the brokers that are alive.
    /// - Parameter addresses: `host:port` of each.
    func answered(alive addresses: [String]) {
        let now = uptime()
        let (back, areAllBack) = state.withLock { state in
            let back = addresses.filter { address in
                state.failedAt[address].map { now - $0 >= Self.sessionTime } ?? false
            }
            for address in back { state.failedAt[address] = nil }
            return (back, state.failedAt.isEmpty)
        }
        for address in back { brokers.succeeded([.url: .text(address)], of: address) }
        if areAllBack { sessions.succeeded() }
    }

    /// `host:port` of the broker and the reason in `127.0.0.1:9092/1: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in
    /// state …)` or, as a group's coordinator is also reported, in the same text without the first address.
    static func failure(in text: String) -> (address: String, reason: String)? {
        if let match = text.firstMatch(of: /([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\]):([0-9]+)(\/[A-Za-z0-9\-]+)?: (.+)/) {
            return ("\(match.output.1):\(match.output.2)", cause(in: match.output.4))
        }
        let connect = text.firstMatch(of: /Connect to ipv[46]#([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\]):([0-9]+) .+/)
        return connect.map { ("\($0.output.1):\($0.output.2)", cause(in: $0.output.0)) }
    }

    /// A reason without the address and the state of the connection.
    private static func cause(in reason: Substring) -> String {
        let reason = reason.firstRange(of: " (after ").map { reason[..<$0.lowerBound] } ?? reason
        let end = reason.hasPrefix("Connect to ") ? reason.firstRange(of: " failed: ")?.upperBound : nil
        return String(end.map { reason[$0...] } ?? reason)
    }

    private static func level(ofSyslog level: Int32) -> LogLevel {
        switch level {
        // librdkafka logs an unreachable broker as an error, although it retries.
        case ...4: .warning
        case 5: .notice
        case 6: .info
        default: .debug
        }
    }
}
