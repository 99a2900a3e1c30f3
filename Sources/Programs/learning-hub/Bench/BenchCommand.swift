#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// `bench`: measures this machine's hub against twins in plain C.
enum BenchCommand {
    static let command = Command(
        "bench",
        "Run benchmarks, and compare with equivalent C programs where they exist. Each result is the median of several runs.",
        arguments: [
            Argument(
                "NAME", .any,
                "The benchmarks to run. A name that ends in a dot selects all benchmarks with that prefix.")
        ],
        options: [.json], examples: ["bench", "bench avro. --json", "bench http.request relay.postgres"],
        notes: """
            Benchmarks: \(BenchRow.all.map(\.name).joined(separator: ", ")).
            Without a name, all benchmarks except `peer` run. `make bench` builds the C programs and sets HUB_BENCH_CHECKOUT to
            their folder. The command starts a private PostgreSQL server with fsync in a temporary folder. For Kafka it starts
            three brokers if KAFKA_HOME is set, or uses the brokers of KAFKA_BOOTSTRAP_SERVERS. It removes all its data at the
            end. Run it on an idle machine.
            """
    ) { arguments, console in
        let names = arguments.positional
        let rows =
            names.isEmpty
            ? BenchRow.own
            : BenchRow.all.filter { row in
                names.contains { $0 == row.name || ($0.hasSuffix(".") && row.name.hasPrefix($0)) }
            }
        for name in names
        where !BenchRow.all.contains(where: { $0.name == name || (name.hasSuffix(".") && $0.name.hasPrefix(name)) }) {
            throw arguments.misuse("there is no benchmark `\(name)`")
        }
        let hub = BenchHub()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await StopSignals().first()
                // An interrupt cleans up too.
                if Task.isCancelled { return }
                await hub.close()
                exit(130)
            }
            do {
                for row in rows {
                    do {
                        tell(row, try await row.measure(hub), arguments, console)
                    } catch let lack as BenchLack {
                        console.complaint("\(row.name) is skipped: \(lack.reason)")
                    }
                }
            } catch {
                await hub.close()
                throw error
            }
            await hub.close()
            group.cancelAll()
        }
    }

    private static func tell(_ row: BenchRow, _ measurement: Measurement, _ arguments: Arguments, _ console: Console) {
        if arguments.has(.json) { return console.json(row.json(measurement)) }
        let cells = row.text(measurement)
        console.line(cells[0].padding(30) + cells[1].padding(18) + cells[2].padding(18) + cells[3])
    }
}
