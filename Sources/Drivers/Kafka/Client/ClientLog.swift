internal import CKafka
internal import Observability

/// Forwards librdkafka's log lines. Because unreachable brokers cause many identical lines per second, lines are rate-limited per minute
/// and the number of dropped lines is logged.
// @unchecked: confined to the loop of its ``Client``.
final class ClientLog: @unchecked Sendable {
    private let logger: Logger
    private let uptime: @Sendable () -> ContinuousClock.Instant
    private var since: ContinuousClock.Instant
    private var writtenCount = 0
    private var droppedCount = 0

    private static let linesPerMinuteMax = 20

    init(_ logger: Logger, uptime: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.logger = logger
        self.uptime = uptime
        since = uptime()
    }

    func write(_ event: ClientEvent) {
        var place: UnsafePointer<CChar>?, text: UnsafePointer<CChar>?
        let level = hub_kafka_event_log(event.raw, &place, &text)
        write(
            Self.level(ofSyslog: level), place: place.map { String(cString: $0) } ?? "",
            text: text.map { String(cString: $0) } ?? "")
    }

    func write(_ level: LogLevel, place: String, text: String) {
        let now = uptime()
        if now - since >= .seconds(60) {
            if droppedCount > 0 { logger.notice("kafka client log lines dropped", [.count: .init(droppedCount)]) }
            since = now
            writtenCount = 0
            droppedCount = 0
        }
        guard writtenCount < Self.linesPerMinuteMax else {
            droppedCount += 1
            return
        }
        writtenCount += 1
        logger.log(level, "kafka client", [.name: .text(place), .reason: .text(text)])
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
