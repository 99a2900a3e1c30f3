/// Topics that a broker reported as unknown. A new topic is not known to all brokers at once, and a broker that has just started may know
/// no topics: only a topic that is reported again and again for a while counts as missing. Reports before and after an outage do not count
/// together.
///
/// Confined to the loop of its producer.
final class UnknownTopics {
    /// A producer that tries again reports more often.
    private static let pauseMax = Duration.seconds(30)
    private let wait: Duration
    private let uptime: () -> ContinuousClock.Instant
    private var reports: [String: (first: ContinuousClock.Instant, last: ContinuousClock.Instant)] = [:]

    init(wait: Duration, uptime: @escaping () -> ContinuousClock.Instant = { .now }) {
        self.wait = wait
        self.uptime = uptime
    }

    /// A broker reported the topic as unknown.
    /// - Returns: whether it has been unknown for longer than metadata may take to spread.
    func isMissing(_ topic: String) -> Bool {
        let now = uptime()
        var report = reports[topic] ?? (now, now)
        if now - report.last > max(wait, Self.pauseMax) { report.first = now }
        report.last = now
        reports[topic] = report
        return now - report.first >= wait
    }

    var isEmpty: Bool { reports.isEmpty }

    /// The topic exists.
    func found(_ topic: String) { reports[topic] = nil }
}
