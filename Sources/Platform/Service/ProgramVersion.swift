internal import Observability

/// The program's version.
public enum ProgramVersion {
    public static let text = "0.1.0"

    static func show(on metrics: Metrics) {
        metrics.gauge("hub_build_info", help: "1, under the version of the program.", labels: ["version": text]).set(
            1)
    }
}
