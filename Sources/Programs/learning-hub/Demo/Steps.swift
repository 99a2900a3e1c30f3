internal import Avro

/// Tells each step of a flow with the time it took.
struct Steps {
    let console: Console
    let asJSON: Bool
    private let clock = ContinuousClock()

    init(_ console: Console, asJSON: Bool) {
        self.console = console
        self.asJSON = asJSON
    }

    /// - Parameter detail: what to tell of the result.
    /// - Throws: ``CommandFailure`` that names the step, when the step throws.
    func step<Result>(
        _ name: String, _ body: () async throws -> Result, detail: (Result) -> String = { _ in "" }
    ) async throws -> Result {
        let start = clock.now
        do {
            let result = try await body()
            tell(name, start.duration(to: clock.now), detail(result), arrived: true)
            return result
        } catch {
            tell(name, start.duration(to: clock.now), "\(error)", arrived: false)
            throw CommandFailure("the demo stops at this step: \(name)")
        }
    }

    private func tell(_ name: String, _ time: Duration, _ detail: String, arrived: Bool) {
        if asJSON {
            console.json(
                .object([
                    .init("step", .string(name)), .init("ms", .number(time.milliseconds.rounded(2))),
                    .init("arrived", .bool(arrived)), .init("detail", .string(detail)),
                ]))
        } else {
            console.line(
                "\(arrived ? "✔" : "✘") \(time.shown.padding(10)) \(name)\(detail.isEmpty ? "" : ": \(detail)")")
        }
    }
}
