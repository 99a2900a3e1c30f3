internal import Contracts
internal import Observability

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The metrics of a consumer.
struct ConsumerMetrics: Sendable {
    let handled: Counter
    let duplicates: Counter
    let deadLetters: Counter
    let retries: Counter
    /// Transactions rolled back by the server because of a deadlock.
    let conflicts: Counter
    let batch: Histogram
    /// Partitions waiting for an unavailable dependency; should have an alert.
    let paused: Gauge
    /// How often retention removed records that the group had not read.
    let gaps: Counter
    /// Partitions whose topic was deleted and created again.
    let stopped: Gauge
    private let lag: Gauge
    private let oldest: Gauge

    init(_ metrics: Metrics, group: ConsumerGroup) {
        let labels: Metrics.Labels = ["group": group.rawValue]
        handled = metrics.counter(
            "consumer_events_handled_total", help: "Events handled.", labels: labels)
        duplicates = metrics.counter(
            "consumer_events_duplicate_total", help: "Redelivered events that were skipped.", labels: labels)
        deadLetters = metrics.counter(
            "consumer_dead_letters_total", help: "Events moved to the dead-letter topic.", labels: labels)
        retries = metrics.counter("consumer_retries_total", help: "Attempts after a failure.", labels: labels)
        conflicts = metrics.counter(
            "consumer_conflicts_total",
            help: "Transactions retried after a deadlock.", labels: labels)
        batch = metrics.histogram(
            "consumer_transaction_seconds", help: "Duration of a transaction that handled events.", labels: labels)
        paused = metrics.gauge(
            "consumer_partitions_paused", help: "Partitions waiting for an unavailable dependency.", labels: labels)
        gaps = metrics.counter(
            "consumer_gaps_total", help: "Times that retention removed unread records.",
            labels: labels)
        stopped = metrics.gauge(
            "consumer_partitions_stopped",
            help: "Partitions whose topic was created again: reset the group's offsets.",
            labels: labels)
        lag = metrics.gauge("consumer_lag", help: "Events the group has not processed yet.", labels: labels)
        oldest = metrics.gauge(
            "consumer_oldest_unprocessed_seconds", help: "Age of the oldest unprocessed event.", labels: labels)
    }

    func show(_ positions: [GroupPosition], at time: Date) {
        lag.set(Double(positions.reduce(0) { $0 + $1.lag }))
        let first = positions.compactMap(\.oldestUnprocessed).min()
        oldest.set(first.map { max(0, time.timeIntervalSince($0)) } ?? 0)
    }
}
