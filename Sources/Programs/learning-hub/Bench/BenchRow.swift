internal import Avro

/// One measurement: a name that stays, and how it is taken.
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

        /// Of a rate more is better, of everything else less.
        var isRate: Bool { self == .perSecond }
    }

    static let all: [BenchRow] =
        HTTPBench.rows + PostgresBench.rows + AvroBench.rows + MessagingBench.rows + FlowBench.rows + ProcessBench.rows
}

/// What was measured: the median of several runs, and the same of the twin where there is one.
struct Measurement: Sendable {
    let value: Double
    let twin: Double?
    let runs: Int

    init(_ values: [Double], twin: [Double] = []) {
        value = values.median
        self.twin = twin.isEmpty ? nil : twin.median
        runs = values.count
    }

    /// Ours to the twin's as speed: above 1 is faster.
    func ratio(_ unit: BenchRow.Unit) -> Double? {
        guard let twin, twin > 0, value > 0 else { return nil }
        return unit.isRate ? value / twin : twin / value
    }
}

extension [Double] {
    /// 0 of none.
    var median: Double { percentile(50) }

    /// By the nearest rank; 0 of none.
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

    private var digits: Int { unit == .seconds ? 3 : unit.isRate ? 0 : 1 }
}
