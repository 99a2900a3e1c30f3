internal import Avro

/// Prints each step of a flow with its duration.
struct Steps {
    let console: Console
    let asJSON: Bool
    /// The data folder that was given.
    private let data: String?
    private let clock = ContinuousClock()

    init(_ console: Console, asJSON: Bool, data: String?) {
        self.console = console
        self.asJSON = asJSON
        self.data = data
    }

    /// - Parameter detail: text about the result.
    /// - Throws: ``CommandFailure`` that names the step, when the step throws.
    func step<Result>(
        _ name: String, _ body: () async throws -> Result, detail: (Result) -> String = { _ in "" }
    ) async throws -> Result {
        let start = clock.now
        do {
            let result = try await body()
            tell(name, start.duration(to: clock.now), detail(result), arrived: true)
            return result
        } catch is CancellationError {
            throw CommandFailure("the demo was interrupted at this step: \(name)")
        } catch {
            tell(name, start.duration(to: clock.now), "\(error)", arrived: false)
            throw CommandFailure("this step of the demo failed: \(name)")
        }
    }

    /// A step caused by an event: polled for a limited time.
    func eventually(
        _ name: String, _ client: APIClient, _ found: () async throws -> String?
    ) async throws -> String {
        let patience = Duration.seconds(15)
        return try await step(name) {
            guard let result = try await client.eventually(within: patience, found) else {
                throw CommandFailure("did not happen within \(patience.shown)")
            }
            return result
        } detail: {
            $0
        }
    }

    /// Prints how to trace a request.
    func journey(_ answer: APIClient.Answer) {
        guard let id = answer.correlationID, !asJSON else { return }
        let place = data.map { " --data \($0.shellWord)" } ?? ""
        console.line("  to see what the request caused: \(Program.name) trace \(id)\(place)\n")
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
