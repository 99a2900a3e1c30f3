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

/// What measurements share: a private PostgreSQL in a temporary folder, started when the first of them needs it.
actor BenchHub {
    private var server: PrivatePostgres?
    private var databaseCount = 0
    var knownRegistrations: [[Double]]?
    /// The database server's user must be able to reach it.
    private let folder = "/tmp/learning-hub-bench-\(SecureRandom.token(byteCount: 9))"
    nonisolated let secret = SecureRandom.token()

    /// The folder of compiled twins, nil when nobody built them.
    nonisolated static var twins: String? {
        ProcessInfo.processInfo.environment["HUB_BENCH_TWINS"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Settings of a hub on an empty database of its own.
    func settings(_ more: [String: String] = [:]) async throws -> Settings {
        try Settings(commandLine: try await environment().merging(more) { _, given in given })
    }

    /// The same for a process of its own.
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
            "HUB_RATE_LIMITS": "off",
        ]
    }

    func running() async throws -> PrivatePostgres {
        if let server { return server }
        let started = try await PrivatePostgres.start(.init(folder: folder + "/postgres"))
        server = started
        return started
    }

    nonisolated var dataFolder: String { folder + "/hub" }

    func close() async {
        await server?.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
