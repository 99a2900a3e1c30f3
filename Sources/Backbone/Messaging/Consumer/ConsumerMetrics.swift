internal import Contracts
internal import Observability

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What a consumer counts.
struct ConsumerMetrics: Sendable {
    let handled: Counter
    let duplicates: Counter
    let deadLetters: Counter
    let retries: Counter
    /// Transactions that the server ended because another one was in their way.
    let conflicts: Counter
    let batch: Histogram
    /// Partitions that wait for a dependency: an alert belongs on it.
    let paused: Gauge
    /// Gaps between what the group had read and what retention had kept.
    let gaps: Counter
    /// Partitions whose topic was made anew under the group.
    let stopped: Gauge
    private let lag: Gauge
    private let oldest: Gauge

    init(_ metrics: Metrics, group: ConsumerGroup) {
        let labels: Metrics.Labels = ["group": group.rawValue]
        handled = metrics.counter(
            "consumer_events_handled_total", help: "Events whose effect was made.", labels: labels)
        duplicates = metrics.counter(
            "consumer_events_duplicate_total", help: "Events that came again and had no second effect.", labels: labels)
        deadLetters = metrics.counter(
            "consumer_dead_letters_total", help: "Events put into the dead letters.", labels: labels)
        retries = metrics.counter("consumer_retries_total", help: "Attempts after a failure.", labels: labels)
        conflicts = metrics.counter(
            "consumer_conflicts_total",
            help: "Transactions that were begun again because another one had locked the same rows.", labels: labels)
        batch = metrics.histogram(
            "consumer_transaction_seconds", help: "Duration of a transaction that handled events.", labels: labels)
        paused = metrics.gauge(
            "consumer_partitions_paused", help: "Partitions that wait for a dependency that is down.", labels: labels)
        gaps = metrics.counter(
            "consumer_gaps_total", help: "Times that records were removed before the group had read them.",
            labels: labels)
        stopped = metrics.gauge(
            "consumer_partitions_stopped",
            help: "Partitions whose topic was made anew: the group's offsets need a reset.",
            labels: labels)
        lag = metrics.gauge("consumer_lag", help: "Events the group has not dealt with yet.", labels: labels)
        oldest = metrics.gauge(
            "consumer_oldest_unprocessed_seconds", help: "Age of the oldest event not dealt with.", labels: labels)
    }

    func show(_ positions: [GroupPosition], at time: Date) {
        lag.set(Double(positions.reduce(0) { $0 + $1.lag }))
        let first = positions.compactMap(\.oldestUnprocessed).min()
        oldest.set(first.map { max(0, time.timeIntervalSince($0)) } ?? 0)
    }
}
