#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// `bench`: measures this machine's hub against twins in plain C.
enum BenchCommand {
    static let command = Command(
        "bench", "Measure, beside twins in bare C where there are some; the median of several runs.",
        arguments: [Argument("NAME", .any, "Rows to measure; a name that ends in a dot means all that begin so.")],
        options: [.json], examples: ["bench", "bench avro. --json", "bench http.request relay.postgres"],
        notes: """
            Rows: \(BenchRow.all.map(\.name).joined(separator: ", ")).
            Without a name everything but peers is measured. `make bench` builds the twins and says in HUB_BENCH_CHECKOUT
            where they are. A private PostgreSQL in a temporary folder is used, with fsync on, and, where KAFKA_HOME or
            KAFKA_BOOTSTRAP_SERVERS is set, three Kafka brokers; nothing is left behind. Measure on a machine that does
            nothing else.
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
            throw arguments.misuse("there is no row `\(name)`")
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
                        console.complaint("\(row.name) is left out: \(lack.reason)")
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
        console.line(cells[0].padding(26) + cells[1].padding(18) + cells[2].padding(18) + cells[3])
    }
}
