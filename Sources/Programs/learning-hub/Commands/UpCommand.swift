internal import Commit
internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// `up`: the whole hub in one process.
struct UpCommand {
    private static let data = Option("data", "DIR", default: ".data", "The folder for all data of the hub.")
    private static let port = Option(
        "port", "PORT",
        "Port of the gateway, by default 3000. The other services use PORT+1 to PORT+12, and PORT+81 to PORT+83. 0: free ports that the system chooses."
    )
    private static let host = Option("host", "ADDRESS", "Address of the gateway, by default 127.0.0.1.")

    static let command = Command(
        "up", "Start the whole hub in one process.", options: [data, port, host, .adoptLog],
        examples: ["up", "up --data /var/lib/learning-hub --port 8080 --host 0.0.0.0"],
        notes: """
            If DATABASE_URL is not set, a private PostgreSQL server runs in DIR/postgres. Settings come from the environment
            and from the file .env in the current folder; `learning-hub config` lists them. The log goes to
            standard error: as JSON lines, or as text on a terminal, where it has only warnings and errors unless HUB_LOG_LEVEL
            is set.

            Ctrl-C stops the hub after the current requests. A second Ctrl-C ends the process at once.
            """
    ) { arguments, console in
        try await UpCommand(
            folder: DataFolder(arguments.text(data) ?? ".data"),
            port: try arguments.number(port, in: 0...65_535 - PlatformSettings.portOffsetMax),
            host: arguments.text(host), namesFolder: arguments.isGiven(data), adoptsLog: arguments.has(.adoptLog),
            console: console
        ).run()
    }

    let folder: DataFolder
    let port: Int?
    let host: String?
    /// --data is given.
    let namesFolder: Bool
    let adoptsLog: Bool
    let console: Console

    func run() async throws {
        let signals = StopSignals()
        let clock = ContinuousClock()
        let start = clock.now
        // Invalid settings are reported before anything is created.
        let given = try HubSettings.read()
        for declaration in HubServices.settings { if let wrong = given.complaint(about: declaration) { throw wrong } }
        try requirePorts()
        try folder.lock()
        folder.removeNote()
        var flags = try addresses().merging(secrets()) { $1 }
        let postgres = try await privatePostgres(unless: try HubSettings.read(commandLine: flags))
        if let postgres { flags[PlatformSettings.databaseURL.name] = postgres.url() }
        do {
            let settings = try HubSettings.read(commandLine: flags)
            let process = try await HubProcess.start(
                HubServices.started(with: settings), command: again, settings: settings,
                topics: adoptsLog ? .adopt : .apply,
                commit: Commit.name
            ) { ready in
                console.line("  \(ready.service.rawValue.padding(14)) ready on port \(ready.port)")
                if let port = ready.privatePort { console.line("  /metrics of the \(ready.service) on port \(port)") }
            }
            try await run(process, postgres, settings, signals, after: start.duration(to: clock.now))
        } catch {
            await postgres?.stop()
            throw error
        }
        await postgres?.stop()
        console.line("stopped")
    }

    private func run(
        _ process: HubProcess, _ postgres: PrivatePostgres?, _ settings: Settings, _ signals: StopSignals,
        after startTime: Duration
    ) async throws {
        let host = try settings.value(PlatformSettings.host)
        let port = process.port(of: .gateway) ?? 0
        let address = ServiceDirectory.url(host: host, port: port)
        do {
            try folder.write(
                DataFolder.Note(
                    pid: ProcessInfo.processInfo.processIdentifier, address: address, port: port,
                    databaseURL: try settings.value(PlatformSettings.databaseURL).settingText))
            console.line("\nLearning Hub is ready after \(startTime.shown): open \(address)\nCtrl-C stops it.")
            if let postgres {
                try await signals.first { try await PostgresWatch(postgres: postgres).run() }
            } else {
                await signals.first()
            }
        } catch {
            folder.removeNote()
            await process.stop()
            throw error
        }
        console.line("\nstopping after the current requests")
        folder.removeNote()
        await process.stop()
    }

    /// The command that starts this hub again.
    private var again: String {
        var words = ["up"]
        if namesFolder { words += ["--data", folder.path] }
        if let port { words += ["--port", String(port)] }
        if let host { words += ["--host", host] }
        return words.map(\.shellWord).joined(separator: " ")
    }

    private func privatePostgres(unless settings: Settings) async throws -> PrivatePostgres? {
        if settings.isSet(PlatformSettings.databaseURL) { return nil }
        return try await PrivatePostgres.start(.init(folder: folder.postgres))
    }

    /// Nothing is created for a hub whose ports are in use.
    private func requirePorts() throws {
        let settings = try HubSettings.read(commandLine: try addresses())
        do {
            try HubProcess.requireListening(HubServices.started(with: settings), settings)
        } catch {
            // A hub that runs on the folder is the better reason.
            if folder.isLocked { try folder.lock() }
            throw error
        }
    }

    /// The folder's secrets, as settings that are not set otherwise.
    private func secrets() throws -> [String: String] {
        let settings = try HubSettings.read()
        return try folder.secrets().filter { name, _ in
            HubServices.settings.contains { $0.name == name && settings.source(of: $0) == .standard }
        }
    }

    /// This command's flags as settings.
    private func addresses() throws -> [String: String] {
        let settings = try HubSettings.read()
        var flags: [String: String] = [:]
        if let host { flags[PlatformSettings.host.name] = host }
        if Console.logIsATerminal, !settings.isSet(PlatformSettings.logLevel) {
            flags[PlatformSettings.logLevel.name] = "warning"
        }
        if !settings.isSet(ObjectSettings.folder) { flags[ObjectSettings.folder.name] = folder.objects }
        let gatewayPort = try port ?? settings.value(PlatformSettings.port(of: .gateway))
        for name in HubServices.all.map({ $0.name }) {
            let setting = PlatformSettings.port(of: name)
            if name != .gateway, settings.isSet(setting) { continue }
            flags[setting.name] = String(gatewayPort == 0 ? 0 : gatewayPort + PlatformSettings.portOffset(of: name))
        }
        return flags
    }
}
