/// Other clients on the same brokers, in the same run: `confluent-kafka` for Python, Kafka's own programs in Java, and Debezium as an
/// outbox relay.
enum PeerBench {
    private static let runs = 3

    static let rows =
        ["python-produce", "python-consume", "java-produce", "java-consume"].map { name in
            BenchRow(name: "peer.\(name)", unit: .perSecond) { hub in
                try await KafkaBench.withTopic(hub) { _, _, topic in
                    Measurement(try await run(hub, name, topic, KafkaBench.messageCount))
                }
            }
        } + [
            BenchRow(name: "peer.debezium-relay", unit: .perSecond) { hub in
                Measurement(try await run(hub, "debezium-relay", KafkaBench.unique("peer"), RelayBench.eventCount))
            }
        ]

    /// - Throws: ``BenchLack`` with what the peer lacks.
    private static func run(_ hub: BenchHub, _ name: String, _ topic: String, _ count: Int) async throws -> [Double] {
        guard let checkout = BenchHub.checkout else {
            throw BenchLack("run `make bench-peers`, which builds the peers")
        }
        let servers = try await hub.kafka().servers
        return try (0..<runs).map { _ in
            let process = try ChildProcess(
                ["\(checkout)/.venv/bin/python", "\(checkout)/bench/peers.py", name, servers, topic, "\(count)"])
            guard let line = process.line() else { throw CommandFailure("peer.\(name) returned no result") }
            // Not a figure: it prints what is missing.
            guard let rate = Double(line) else { throw BenchLack(line) }
            return rate
        }
    }
}
