internal import Observability

/// The outcome of a batch.
struct RelayReport {
    private(set) var accepted: [Int64] = []
    private(set) var refused: [(event: OutgoingEvent, reason: String)] = []
    /// Rows from this id on are to be sent again, in order.
    private(set) var firstToRetry: Int64?
    private(set) var retryCount = 0
    private(set) var reason = ""
    /// The timestamps of the accepted events, in milliseconds since 1970.
    private(set) var createdAtMs: [Int64] = []

    init(_ batch: [OutgoingEvent], _ outcomes: [AppendOutcome]) {
        for (index, event) in batch.enumerated() {
            // A missing outcome counts as not acknowledged.
            let outcome = outcomes.indices.contains(index) ? outcomes[index] : .retry("no answer")
            switch outcome {
            case .accepted:
                accepted.append(event.id)
                createdAtMs.append(event.createdAtMs)
            case .refused(let reason):
                refused.append((event, reason))
            case .retry(let reason):
                if firstToRetry == nil {
                    firstToRetry = event.id
                    self.reason = reason
                }
                retryCount += 1
            }
        }
    }
}

/// The metrics of a relay.
struct RelayMetrics: Sendable {
    let active: Gauge
    private let sent: Counter
    private let refused: Counter
    private let retried: Counter
    private let delay: Histogram

    init(_ metrics: Metrics) {
        active = metrics.gauge("relay_active", help: "1 where the relay of the service sends, 0 where it stands by.")
        sent = metrics.counter("relay_events_sent_total", help: "Events the log acknowledged.")
        refused = metrics.counter("relay_events_refused_total", help: "Events the log permanently refused.")
        retried = metrics.counter("relay_events_retried_total", help: "Events sent again.")
        delay = metrics.histogram(
            "relay_delay_seconds", help: "Time from an event's commit to the log's acknowledgement.")
    }

    func count(_ report: RelayReport) {
        sent.increment(by: UInt64(report.accepted.count))
        refused.increment(by: UInt64(report.refused.count))
        retried.increment(by: UInt64(report.retryCount))
        let now = WallClock.millisecondsSinceEpoch
        for created in report.createdAtMs { delay.observe(Double(max(0, now - created)) / 1_000) }
    }
}
