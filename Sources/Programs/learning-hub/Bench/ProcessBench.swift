internal import Contracts
internal import Platform

/// What a process takes: time until it is ready, on a database that is initialised, and resident memory.
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
    ]

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

    /// Starts this program and blocks until it says that it is ready.
    private static func ready(_ words: [String], _ environment: [String: String]) throws -> ChildProcess {
        let process = try ChildProcess([ChildProcess.ownProgram] + words, environment: environment)
        let sign = words[0] == "up" ? " is ready " : " ready on port "
        while let line = process.line() {
            if line.contains(sign) { return process }
        }
        throw CommandFailure("`\(words.joined(separator: " "))` did not become ready")
    }
}
