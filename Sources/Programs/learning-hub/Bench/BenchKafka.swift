internal import Kafka
internal import Observability

/// Three brokers on loopback in a temporary folder, as `scripts/kafka-cluster` starts them; or those that KAFKA_BOOTSTRAP_SERVERS names.
struct BenchKafka: Sendable {
    let servers: String
    /// Nil for brokers of somebody else.
    private let folder: String?

    /// Blocks until the brokers answer.
    /// - Throws: ``BenchLack``.
    static func start(folder: String) throws -> BenchKafka {
        if let servers = BenchHub.variable("KAFKA_BOOTSTRAP_SERVERS") {
            return BenchKafka(servers: servers, folder: nil)
        }
        guard BenchHub.variable("KAFKA_HOME") != nil else {
            throw BenchLack("set KAFKA_HOME to an unpacked Kafka, or KAFKA_BOOTSTRAP_SERVERS to brokers that run")
        }
        // Below the ports that the system gives to outgoing connections.
        let port = Int.random(in: 100...320) * 100
        let process = try ChildProcess([try script(), "start", "--data", folder, "--port", "\(port)"])
        var last = ""
        while let line = process.line() {
            if line.contains("ready: ") { return BenchKafka(servers: line.after("="), folder: folder) }
            last = line
        }
        throw CommandFailure("no Kafka: \(last)")
    }

    func stop() {
        guard let folder, let process = try? ChildProcess([Self.script(), "stop", "--data", folder, "--clean"]) else {
            return
        }
        while process.line() != nil {}
    }

    /// The driver, with the hub's own settings.
    func cluster() throws -> KafkaCluster {
        try KafkaCluster(
            KafkaConfiguration(bootstrapServers: servers),
            logger: Logger(label: "bench", level: .error, sink: LogWriter.standardError))
    }

    private static func script() throws -> String {
        guard let checkout = BenchHub.checkout else {
            throw BenchLack("`make bench` knows how to start Kafka; or set KAFKA_BOOTSTRAP_SERVERS to brokers that run")
        }
        return checkout + "/scripts/kafka-cluster"
    }
}

/// What a row needs is not here.
struct BenchLack: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

extension String {
    /// What comes after the first `mark`; empty where there is none.
    fileprivate func after(_ mark: Character) -> String {
        firstIndex(of: mark).map { String(self[$0...].dropFirst()) } ?? ""
    }
}
