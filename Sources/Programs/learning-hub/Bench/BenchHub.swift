internal import EventLoop
internal import Observability
internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Shared by measurements: a private PostgreSQL and a Kafka cluster in a temporary folder, started on first use.
actor BenchHub {
    private var server: PrivatePostgres?
    private var brokers: BenchKafka?
    private var hasFilledKafka = false
    private var databaseCount = 0
    private var known: [String: any Sendable] = [:]
    /// The database server's user must have access.
    private let folder = "/tmp/learning-hub-bench-\(SecureRandom.token(byteCount: 9))"
    nonisolated let secret = SecureRandom.token()

    /// The repository: twins, peers, and the script that starts Kafka. Nil when not set.
    nonisolated static var checkout: String? { variable("HUB_BENCH_CHECKOUT") }

    /// The folder of compiled twins.
    nonisolated static var twins: String? { checkout.map { $0 + "/.build/twins" } }

    /// An environment variable; nil when unset or empty.
    nonisolated static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Settings of a hub on an empty database of its own.
    func settings() async throws -> Settings { try Settings(commandLine: try await environment()) }

    /// The same with an empty log on Kafka.
    /// - Throws: ``BenchLack``.
    func settingsOnKafka() async throws -> Settings { try Settings(commandLine: try await environmentOnKafka()) }

    func environmentOnKafka() async throws -> [String: String] {
        let kafka = try kafka()
        try await kafka.removeTopics(areOurs: hasFilledKafka)
        hasFilledKafka = true
        let servers = [KafkaSettings.bootstrapServers.name: kafka.servers]
        return try await environment().merging(servers) { _, kafka in kafka }
    }

    /// The same for a separate process.
    func environment() async throws -> [String: String] {
        let server = try await running()
        databaseCount += 1
        let name = "bench_\(databaseCount)"
        let loops = try EventLoopGroup(count: 1, name: "bench-setup")
        let database = Database(url: server.url(), loops: loops)
        try await database.execute("create database \(quoted: name)")
        await database.close()
        return [
            PlatformSettings.databaseURL.name: server.url(database: name),
            PlatformSettings.identitySecret.name: secret, PlatformSettings.logLevel.name: "error",
            "HUB_RATE_LIMITS": "off", KafkaSettings.bootstrapServers.name: "",
        ]
    }

    /// Measures figures for several rows once.
    func once<Figures: Sendable>(
        _ name: String, _ measure: @Sendable () async throws -> Figures
    ) async throws -> Figures {
        if let known = known[name] as? Figures { return known }
        let measured = try await measure()
        known[name] = measured
        return measured
    }

    func running() async throws -> PrivatePostgres {
        if let server { return server }
        let started = try await PrivatePostgres.start(.init(folder: folder + "/postgres"))
        server = started
        return started
    }

    /// - Throws: ``BenchLack``.
    func kafka() throws -> BenchKafka {
        if let brokers { return brokers }
        let started = try BenchKafka.start(folder: folder + "/kafka")
        brokers = started
        return started
    }

    nonisolated var dataFolder: String { folder + "/hub" }

    func close() async {
        await server?.stop()
        brokers?.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
