internal import Observability

/// The program's version.
public enum ProgramVersion {
    public static let text = "0.1.0"

    /// - Parameter commit: from which the program was built; nil when it is not known.
    static func show(commit: String?, on metrics: Metrics) {
        metrics.gauge(
            "hub_build_info", help: "1, under the version and the commit of the program.",
            labels: ["version": text, "commit": commit ?? "unknown"]
        ).set(1)
    }
}
