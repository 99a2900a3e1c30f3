internal import Avro

/// A measurement: a stable name and its procedure.
struct BenchRow: Sendable {
    let name: String
    let unit: Unit
    let measure: @Sendable (BenchHub) async throws -> Measurement

    enum Unit: String, Sendable {
        case nanoseconds = "ns"
        case milliseconds = "ms"
        case seconds = "s"
        case perSecond = "/s"
        case megabytes = "MB"
        case perMessage = "/message"
        case percentOfCore = "% of a core"

        /// Higher rates are better; for other units, lower.
        var isRate: Bool { self == .perSecond }
    }

    /// All our own rows.
    static let own: [BenchRow] =
        HTTPBench.rows + PostgresBench.rows + AvroBench.rows + KafkaBench.rows + RelayBench.rows + ConsumerBench.rows
        + EnrollmentBench.rows + HubBench.rows + FlowBench.rows + ProcessBench.rows

    static let all = own + PeerBench.rows
}

/// A result: the median of several runs, and the twin's median if there is one.
struct Measurement: Sendable {
    let value: Double
    let twin: Double?
    let runs: Int

    init(_ values: [Double], twin: [Double] = []) {
        value = values.median
        self.twin = twin.isEmpty ? nil : twin.median
        runs = values.count
    }

    /// Speed relative to the twin: above 1 is faster.
    func ratio(_ unit: BenchRow.Unit) -> Double? {
        guard let twin, twin > 0, value > 0 else { return nil }
        return unit.isRate ? value / twin : twin / value
    }
}

/// The result, so that resources can be closed before an error is thrown.
func outcome<Value>(_ measure: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await measure()) } catch { return .failure(error) }
}

extension [Double] {
    /// 0 if none.
    var median: Double { percentile(50) }

    /// Nearest rank; 0 if none.
    func percentile(_ percent: Double) -> Double {
        if isEmpty { return 0 }
        let rank = Int((percent / 100 * Double(count)).rounded(.up)) - 1
        return sorted()[Swift.min(Swift.max(rank, 0), count - 1)]
    }
}

extension BenchRow {
    func json(_ measurement: Measurement) -> JSONTree {
        .object([
            .init("name", .string(name)), .init("value", .number(measurement.value.rounded(digits))),
            .init("unit", .string(unit.rawValue)), .init("twin", .number(measurement.twin?.rounded(digits))),
            .init("ratio", .number(measurement.ratio(unit)?.rounded(3))), .init("runs", .number(measurement.runs)),
        ])
    }

    func text(_ measurement: Measurement) -> [String] {
        let twin = measurement.twin.map { "\($0.rounded(digits)) \(unit.rawValue)" } ?? ""
        let ratio = measurement.ratio(unit).map { "\($0.rounded(2)) times the twin" } ?? ""
        return [name, "\(measurement.value.rounded(digits)) \(unit.rawValue)", twin, ratio]
    }

    private var digits: Int {
        switch unit {
        case .perSecond: 0
        case .nanoseconds, .megabytes, .percentOfCore: 1
        case .milliseconds: 2
        case .seconds, .perMessage: 3
        }
    }
}
