internal import Contracts
internal import EventLoop
internal import Platform
internal import Postgres

/// The start time of a process, on an initialised database, and its resident memory.
enum ProcessBench {
    private static let runs = 3

    static let rows = [
        BenchRow(name: "memory.service", unit: .megabytes) { hub in
            var values: [Double] = []
            let environment = try await environment(hub)
            for type in HubServices.all {
                let process = try ready(["serve", type.name.rawValue], environment)
                if let memory = process.residentMegabytes { values.append(memory) }
                process.end()
            }
            return Measurement(values)
        },
        BenchRow(name: "memory.all", unit: .megabytes) { hub in
            let process = try readyHub(hub)
            let memory = process.residentMegabytes
            process.end()
            return Measurement(memory.map { [$0] } ?? [])
        },
        BenchRow(name: "start.service", unit: .seconds) { hub in
            let environment = try await environment(hub)
            try ready(["serve", "user"], environment).end()
            return try times { try ready(["serve", "user"], environment) }
        },
        BenchRow(name: "start.all", unit: .seconds) { hub in
            try readyHub(hub).end()
            return try times { try readyHub(hub) }
        },
        BenchRow(name: "idle.cpu", unit: .percentOfCore) { hub in Measurement(try await idle(hub).map(\.cpu)) },
        BenchRow(name: "idle.transactions", unit: .perSecond) { hub in
            Measurement(try await idle(hub).map(\.transactions))
        },
    ]

    private static let settlingTime = Duration.seconds(10)
    private static let idleTime = Duration.seconds(10)

    /// All services in one idle process: its CPU time and database transactions per second.
    private static func idle(_ hub: BenchHub) async throws -> [(cpu: Double, transactions: Double)] {
        try await hub.once("idle") {
            let environment = try await environment(hub)
            let url = environment[PlatformSettings.databaseURL.name] ?? ""
            let names = HubServices.all.map { $0.name.rawValue }
            let process = try ready(["serve"] + names, environment)
            defer { process.end() }
            let loops = try EventLoopGroup(count: 1, name: "bench-idle")
            let database = Database(url: url, loops: loops)
            let clock = ContinuousClock()
            var values: [(cpu: Double, transactions: Double)] = []
            try await clock.sleep(for: settlingTime)
            for _ in 0..<runs {
                let before = (process.cpuSeconds ?? 0, try await transactions(of: database))
                try await clock.sleep(for: idleTime)
                let after = (process.cpuSeconds ?? 0, try await transactions(of: database))
                let seconds = idleTime / .seconds(1)
                values.append(((after.0 - before.0) / seconds * 100, Double(after.1 - before.1) / seconds))
            }
            await database.close()
            await loops.shutdown()
            return values
        }
    }

    /// As counted by the server, including this query.
    private static func transactions(of database: Database) async throws -> Int {
        let row = try await database.query(
            "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
        ).first
        return try row?.decode(Int.self) ?? 0
    }

    private static func times(_ start: () throws -> ChildProcess) throws -> Measurement {
        let clock = ContinuousClock()
        return Measurement(
            try (0..<runs).map { _ in
                let began = clock.now
                let process = try start()
                defer { process.end() }
                return began.duration(to: clock.now) / .seconds(1)
            })
    }

    private static func environment(_ hub: BenchHub) async throws -> [String: String] {
        var environment = try await hub.environment()
        for type in HubServices.all { environment[PlatformSettings.port(of: type.name).name] = "0" }
        let parts = try await HubParts.open(try Settings(commandLine: environment))
        _ = try await parts.store.applyTopics()
        await parts.close()
        return environment
    }

    /// The whole hub on a data folder of its own, its own database server included.
    private static func readyHub(_ hub: BenchHub) throws -> ChildProcess {
        try ready(
            ["up", "--data", hub.dataFolder, "--port", "0"],
            [
                PlatformSettings.databaseURL.name: "", PlatformSettings.logLevel.name: "error",
                KafkaSettings.bootstrapServers.name: "",
            ])
    }

    /// Starts this program and blocks until it reports that all is ready.
    private static func ready(_ words: [String], _ environment: [String: String]) throws -> ChildProcess {
        let process = try ChildProcess([ChildProcess.ownProgram] + words, environment: environment)
        let sign = words[0] == "up" ? " is ready " : " ready on port "
        var missing = words[0] == "up" ? 1 : words.count - 1
        while let line = process.line() {
            if line.contains(sign) { missing -= 1 }
            if missing == 0 { return process }
        }
        throw CommandFailure("`\(words.joined(separator: " "))` did not become ready")
    }
}
