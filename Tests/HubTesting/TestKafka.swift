internal import Foundation

/// A real Kafka cluster of three brokers for this test process, which ends with it. Most tests share the cluster of a version: each has
/// its own topics and groups.
public struct TestKafka: Sendable {
    /// Such as `3.9.2`.
    public let version: String
    /// Comma-separated `host:port` of the brokers.
    public let bootstrapServers: String
    private let folder: String
    private let port: Int

    public struct CannotStart: Error, CustomStringConvertible {
        public let description: String
    }

    /// The versions that can be started here, oldest first: those of `KAFKA_HOME`, else of a folder `kafka` that lies in
    /// a folder beside the checkout.
    public static let versions: [String] = {
        guard let home else { return [] }
        let manager = FileManager.default
        if let jars = try? manager.contentsOfDirectory(atPath: home + "/libs") {
            return jars.compactMap { $0.wholeMatch(of: /kafka-clients-([0-9.]+)\.jar/).map { String($0.output.1) } }
        }
        let folders = (try? manager.contentsOfDirectory(atPath: home)) ?? []
        return folders.filter { manager.fileExists(atPath: "\(home)/\($0)/libs") }
            .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    }()

    /// The cluster of a version; started at its first use.
    public static func shared(_ version: String) async throws -> TestKafka {
        try await Clusters.shared.cluster(version)
    }

    /// Ends a broker at once, as a crash does. Brokers count from 1.
    public func kill(_ broker: Int) async throws { try await Self.script(["kill", "\(broker)", "--data", folder]) }
    /// Freezes a broker: the system still accepts connections for it, but it does not respond.
    public func pause(_ broker: Int) async throws { try await Self.script(["pause", "\(broker)", "--data", folder]) }
    public func resume(_ broker: Int) async throws { try await Self.script(["resume", "\(broker)", "--data", folder]) }
    /// Starts or restarts a broker, and waits until it responds.
    public func restart(_ broker: Int) async throws {
        try await Self.script(["restart", "\(broker)", "--data", folder])
    }

    /// Starts all ended brokers, and waits until they respond.
    public func startAgain() async throws {
        try await Self.script(["start", "--data", folder, "--port", "\(port)"])
    }

    // MARK: Starting

    /// A separate cluster, for tests that would disturb others. It ends with the process too.
    /// - Parameter dataOfThird: the data folder of the third broker.
    public static func start(_ version: String, dataOfThird: String? = nil) async throws -> TestKafka {
        try await start(version) { folder, _ in
            guard let dataOfThird else { return }
            let manager = FileManager.default
            for path in [dataOfThird, folder + "/broker-3"] {
                try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            try manager.createSymbolicLink(atPath: folder + "/broker-3/data", withDestinationPath: dataOfThird)
        }
    }

    /// A separate cluster whose third broker is reached only through a network that can be cut, by clients and by the other
    /// brokers.
    public static func startWithNetwork(_ version: String) async throws -> (cluster: TestKafka, network: TestNetwork) {
        var network: TestNetwork?
        let cluster = try await start(version) { folder, port in
            // Of the ports that a cluster keeps free this one is nobody's.
            network = try TestNetwork(from: port + 3, to: port + 2)
            try FileManager.default.createDirectory(atPath: folder + "/broker-3", withIntermediateDirectories: true)
            try "advertised.listeners=PLAINTEXT://127.0.0.1:\(port + 3)\n".write(
                toFile: folder + "/broker-3/own.properties", atomically: true, encoding: .utf8)
        }
        guard let network else { throw CannotStart(description: "no network") }
        return (cluster, network)
    }

    /// Ends a separate cluster before the process ends.
    public func stop() async throws {
        for broker in 1...3 { try? await kill(broker) }
        try await Self.script(["stop", "--data", folder, "--clean"])
    }

    /// - Parameter prepare: is told the cluster's folder and the port of its first broker.
    private static func start(
        _ version: String, prepare: (_ folder: String, _ port: Int) throws -> Void
    ) async throws -> TestKafka {
        let folder = NSTemporaryDirectory() + "hub-kafka-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        let program = checkout.appending(path: "scripts/kafka-cluster").path
        let port = try freePorts()
        try await Clusters.shared.keep(
            AfterProcess(
                run: """
                    export KAFKA_HOME='\(home ?? "")'
                    for broker in 1 2 3; do '\(program)' kill $broker --data '\(folder)'; done
                    '\(program)' stop --data '\(folder)' --clean
                    """))
        try prepare(folder, port)
        try await script(["start", "--version", version, "--data", folder, "--port", "\(port)"])
        let addresses = (0..<3).map { "127.0.0.1:\(port + $0)" }
        return TestKafka(
            version: version, bootstrapServers: addresses.joined(separator: ","), folder: folder, port: port)
    }

    private static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let home: String? = {
        if let home = ProcessInfo.processInfo.environment["KAFKA_HOME"], !home.isEmpty { return home }
        let beside = checkout.deletingLastPathComponent()
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: beside.path)) ?? []
        return folders.sorted().map { beside.appending(path: "\($0)/kafka").path }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    private static func script(_ arguments: [String]) async throws {
        let process = Process(), output = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        // The brokers inherit what `Process` tells an end by, so that it would not be told before theirs: the output tells it instead.
        process.arguments = [
            "-c", "\"$0\" \"$@\" 2>&1; echo $?", checkout.appending(path: "scripts/kafka-cluster").path,
        ]
        process.arguments? += arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["KAFKA_HOME": home ?? ""]) { _, new in new }
        process.standardOutput = output
        try process.run()
        let text = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try output.fileHandleForReading.readToEnd() ?? Data() })
            }
        }
        let lines = String(decoding: text, as: UTF8.self)
        if lines.hasSuffix("\n0\n") { return }
        throw CannotStart(description: "scripts/kafka-cluster \(arguments.joined(separator: " ")): \(lines)")
    }

    /// The first of as many ports in a row as a cluster takes.
    private static func freePorts() throws -> Int {
        for _ in 0..<100 {
            // Below those that the system gives to outgoing connections: one that takes a broker's port while it is down keeps it down.
            let first = Int.random(in: 100...320) * 100
            if (first..<first + 43).allSatisfy(FreePort.isFree) { return first }
        }
        throw CannotStart(description: "no 43 free ports in a row")
    }
}

private actor Clusters {
    static let shared = Clusters()
    private var starting: [String: Task<TestKafka, any Error>] = [:]
    private var ends: [AfterProcess] = []

    func cluster(_ version: String) async throws -> TestKafka {
        let task = starting[version] ?? Task { try await TestKafka.start(version) }
        starting[version] = task
        return try await task.value
    }

    func keep(_ end: AfterProcess) { ends.append(end) }
}
