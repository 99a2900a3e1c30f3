internal import Synchronization

/// The metrics of one service, exported in the Prometheus text format.
///
/// Requesting an instrument takes a lock and builds its label text: request it once and keep it. Updating it takes no lock. The same name
/// and labels return the same instrument.
public final class Metrics: Sendable {
    /// The labels of a time series, e.g. `["route": "/users/{id}", "status": "200"]`. Values must come from a small set; never use an id.
    public typealias Labels = KeyValuePairs<StaticString, String>

    private let families = Mutex<[String: Family]>([:])
    private let refused = Counter()
    private let seriesCountMax: Int
    private let showsProcess: Bool

    /// - Parameters:
    ///   - seriesCountMax: the maximum number of series per metric; further label values are counted in one series with the label values
    ///     `other`, and `metrics_series_refused_total` counts how often that happened.
    ///   - process: whether memory, CPU time and descriptors of the process are exported too.
    public init(seriesCountMax: Int = 500, process: Bool = true) {
        self.seriesCountMax = seriesCountMax
        showsProcess = process
    }

    /// - Parameter name: ends in `_total`, preceded by the unit if there is one.
    public func counter(_ name: StaticString, help: StaticString, labels: Labels = [:]) -> Counter {
        let found = instrument(name, help, labels) { .counter(Counter()) }
        guard case .counter(let counter) = found else { preconditionFailure("\(name) is not a counter") }
        return counter
    }

    public func gauge(_ name: StaticString, help: StaticString, labels: Labels = [:]) -> Gauge {
        let found = instrument(name, help, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = found else { preconditionFailure("\(name) is not a gauge") }
        return gauge
    }

    /// A gauge that is read at each scrape. The first registered reader for a name and labels is kept.
    public func gauge(
        _ name: StaticString, help: StaticString, labels: Labels = [:], read: @escaping @Sendable () -> Double
    ) {
        _ = instrument(name, help, labels) { .gauge(Gauge(read: read)) }
    }

    /// - Parameter buckets: upper bounds in ascending order; the first request for a name decides.
    public func histogram(
        _ name: StaticString, help: StaticString, labels: Labels = [:], buckets: [Double] = Histogram.seconds
    ) -> Histogram {
        let found = instrument(name, help, labels) { .histogram(Histogram(bounds: buckets)) }
        guard case .histogram(let histogram) = found else { preconditionFailure("\(name) is not a histogram") }
        return histogram
    }

    /// All metrics in the Prometheus text format, version 0.0.4; content type ``prometheusContentType``.
    public func prometheusText() -> String {
        var page = PrometheusPage()
        let shown = families.withLock { $0 }
        for (name, family) in shown.sorted(by: { $0.key < $1.key }) { page.append(family, name: name) }
        page.append("metrics_series_refused_total", help: "Requests for series beyond a metric's limit.", refused)
        if showsProcess { page.append(ProcessUsage()) }
        return page.text
    }

    public static let prometheusContentType = "text/plain; version=0.0.4; charset=utf-8"

    private func instrument(
        _ name: StaticString, _ help: StaticString, _ labels: Labels, make: () -> Instrument
    ) -> Instrument {
        let name = name.description
        precondition(PrometheusPage.isValidName(name), "not a metric name: \(name)")
        let pairs = labels.map { (name: $0.key.description, value: $0.value) }.sorted { $0.name < $1.name }
        precondition(pairs.allSatisfy { PrometheusPage.isValidName($0.name) }, "not a label name of \(name)")
        let key = PrometheusPage.labels(pairs)
        return families.withLock { families in
            var family = families[name] ?? Family(help: help.description)
            defer { families[name] = family }
            if let known = family.series[key] { return known }
            if family.series.count < seriesCountMax {
                let made = make()
                family.series[key] = made
                return made
            }
            refused.increment()
            let other = PrometheusPage.labels(pairs.map { (name: $0.name, value: "other") })
            let shared = family.series[other] ?? make()
            family.series[other] = shared
            return shared
        }
    }

    enum Instrument {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }

    struct Family {
        let help: String
        /// Keyed by the text of their labels.
        var series: [String: Instrument] = [:]
    }
}
