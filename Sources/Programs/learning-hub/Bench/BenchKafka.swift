internal import EventLoop
internal import Kafka
internal import Messaging
internal import Observability

/// Three brokers on loopback in a temporary folder, as `scripts/kafka-cluster` starts them; or those that KAFKA_BOOTSTRAP_SERVERS names.
struct BenchKafka: Sendable {
    let servers: String
    /// Nil for external brokers.
    private let folder: String?

    /// Blocks until the brokers answer.
    /// - Throws: ``BenchLack``.
    static func start(folder: String) throws -> BenchKafka {
        if let servers = BenchHub.variable("KAFKA_BOOTSTRAP_SERVERS") {
            return BenchKafka(servers: servers, folder: nil)
        }
        guard BenchHub.variable("KAFKA_HOME") != nil else {
            throw BenchLack(
                "set KAFKA_HOME to an unpacked Kafka distribution, or KAFKA_BOOTSTRAP_SERVERS to running brokers")
        }
        // Below the ephemeral port range.
        let port = Int.random(in: 100...320) * 100
        let process = try ChildProcess([try script(), "start", "--data", folder, "--port", "\(port)"])
        var last = ""
        while let line = process.line() {
            if line.contains("ready: ") { return BenchKafka(servers: line.after("="), folder: folder) }
            last = line
        }
        throw CommandFailure("Kafka did not start: \(last)")
    }

    func stop() {
        guard let folder, let process = try? ChildProcess([Self.script(), "stop", "--data", folder, "--clean"]) else {
            return
        }
        while process.line() != nil {}
    }

    /// Removes the hub's topics that an earlier measurement left.
    /// - Parameter areOurs: whether there was one; topics found before the first may not be ours.
    /// - Throws: ``BenchLack`` in that case.
    func removeTopics(areOurs: Bool) async throws {
        let loops = try EventLoopGroup(count: 1, name: "bench-setup")
        let admin = try await cluster().administer(on: loops.next())
        let catalogue = TopicSettings.catalogue.map(\.name)
        do {
            while true {
                let left = try await Set(admin.layout(within: .seconds(30)).keys).intersection(catalogue)
                if left.isEmpty { break }
                if folder == nil, !areOurs {
                    throw BenchLack(
                        "the brokers of KAFKA_BOOTSTRAP_SERVERS hold the events of a hub; use other brokers")
                }
                _ = try await admin.deleteTopics(left.sorted(), within: .seconds(30))
                try await loops.next().sleep(for: .milliseconds(200))
            }
        } catch {
            await admin.close(within: .seconds(5))
            throw error
        }
        await admin.close(within: .seconds(5))
    }

    /// The driver, with the hub's own settings.
    func cluster() throws -> KafkaCluster {
        var configuration = KafkaConfiguration(bootstrapServers: servers)
        // More than is read in a second: librdkafka's pauses are not what is measured. `kafka_consumer.c` sets the same.
        configuration.consumer.aheadBytesMax = 256 * 1_024 * 1_024
        configuration.consumer.aheadCountMax = 1_000_000
        return try KafkaCluster(
            configuration,
            logger: Logger(label: "bench", level: .error, sink: LogWriter.standardError))
    }

    private static func script() throws -> String {
        guard let checkout = BenchHub.checkout else {
            throw BenchLack("run `make bench`, which starts Kafka, or set KAFKA_BOOTSTRAP_SERVERS to running brokers")
        }
        return checkout + "/scripts/kafka-cluster"
    }
}

/// A missing requirement.
struct BenchLack: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

extension String {
    /// The text after the first `mark`; empty without one.
    fileprivate func after(_ mark: Character) -> String {
        firstIndex(of: mark).map { String(self[$0...].dropFirst()) } ?? ""
    }
}
