/// The Prometheus text format, version 0.0.4.
///
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
struct PrometheusPage {
    private(set) var text = ""

    mutating func append(_ family: Metrics.Family, name: String) {
        let series = family.series.sorted { $0.key < $1.key }
        guard let first = series.first else { return }
        appendHead(name, help: family.help, first.value)
        for (labels, instrument) in series {
            switch instrument {
            case .counter(let counter): appendSample(name, labels, counter.value.description)
            case .gauge(let gauge): appendSample(name, labels, Self.number(gauge.value))
            case .histogram(let histogram): append(histogram, name: name, labels: labels)
            }
        }
    }

    mutating func append(_ name: String, help: String, _ counter: Counter) {
        append(Metrics.Family(help: help, series: ["": .counter(counter)]), name: name)
    }

    mutating func append(_ usage: ProcessUsage) {
        for measure in usage.measures {
            text += "# HELP \(measure.name) \(measure.help)\n# TYPE \(measure.name) \(measure.type)\n"
            appendSample(measure.name, "", Self.number(measure.value))
        }
    }

    private mutating func appendHead(_ name: String, help: String, _ instrument: Metrics.Instrument) {
        let type =
            switch instrument {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type)\n"
    }

    /// Buckets are exported cumulatively, and the count equals the last bucket, so that each scrape is consistent.
    private mutating func append(_ histogram: Histogram, name: String, labels: String) {
        let sum = histogram.sum
        var count: UInt64 = 0
        for (bound, inBucket) in zip(histogram.bounds + [.infinity], histogram.counts) {
            count &+= inBucket
            let bucket = "le=\"\(Self.number(bound))\""
            appendSample("\(name)_bucket", labels.isEmpty ? bucket : "\(labels),\(bucket)", count.description)
        }
        appendSample("\(name)_sum", labels, Self.number(sum))
        appendSample("\(name)_count", labels, count.description)
    }

    private mutating func appendSample(_ name: String, _ labels: String, _ value: String) {
        text += name
        if !labels.isEmpty { text += "{\(labels)}" }
        text += " \(value)\n"
    }

    /// `method="GET",status="200"`.
    static func labels(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }

    /// Letters, digits and underscores, not beginning with a digit. Colons are reserved for recording rules.
    static func isValidName(_ name: String) -> Bool {
        !name.isEmpty && !(name.utf8.first.map { (48...57).contains($0) } ?? true)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
