internal import EventLoop
internal import Subprocess
internal import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A private PostgreSQL server in a folder, reachable through a Unix socket. It uses peer authentication and admits only the user who
/// started it, so there is no password.
public final class PrivatePostgres: Sendable {
    public struct Configuration: Sendable {
        /// The data folder; created when missing. Committed data survives a machine crash.
        public var folder: String
        /// The maximum number of connections of all clients together.
        public var connectionsMax: Int
        /// How long to wait for the server to start.
        public var startTimeout: Duration
        /// Settings of postgresql.conf, such as ("fsync", "off") for data that may be lost.
        public var settings: [String: String]

        public init(
            folder: String, connectionsMax: Int = 400, startTimeout: Duration = .seconds(60),
            settings: [String: String] = [:]
        ) {
            self.folder = folder
            self.connectionsMax = connectionsMax
            self.startTimeout = startTimeout
            self.settings = settings
        }
    }

    public let configuration: Configuration
    /// The server's process id; it changes on ``restart()``.
    public var process: Int32 { current.load(ordering: .acquiring) }
    /// The folder of the socket file, for `psql -h`.
    public let socketFolder: String
    private let port: Int
    private let current: Atomic<Int32>

    /// The folder of the server programs (initdb, postgres) that match the version of the data.
    package func programsFolder() throws -> String {
        try ServerPrograms.find(majorVersion: ServerFolder(path: configuration.folder).majorVersion).folder
    }

    private init(configuration: Configuration, process: Int32, socketFolder: String, port: Int) {
        self.configuration = configuration
        current = Atomic(process)
        self.socketFolder = socketFolder
        self.port = port
    }

    /// The connection string of a database on this server, for ``Database/init(url:loops:configuration:)``.
    public func url(database: String = "postgres") -> String {
        func escaped(_ value: String) -> String {
            var escaped = ""
            for character in value {
                if character == "'" || character == "\\" { escaped.append("\\") }
                escaped.append(character)
            }
            return escaped
        }
        return "host='\(escaped(socketFolder))' port=\(port) user=postgres dbname='\(escaped(database))'"
    }

    /// Initialises the folder when it is new, and starts the server. Adopts a server that already runs there, for example after the
    /// program that started it crashed.
    ///
    /// Blocking work runs on a separate thread, so this may be called from a loop.
    /// - Throws: ``PostgresError`` of kind `startup` with a message for operators.
    public static func start(_ configuration: Configuration) async throws -> PrivatePostgres {
        try await onThread { try startBlocking(configuration) }
    }

    /// Whether the server process has ended. Does not wait.
    public var hasEnded: Bool { DetachedProcess(id: process).status() != nil }

    /// Restarts a server that has ended, on the same folder; its address and committed data stay the same.
    /// - Throws: as ``start(_:)``.
    public func restart() async throws {
        let configuration = configuration
        let next = try await Self.onThread { try Self.startBlocking(configuration) }
        current.store(next.process, ordering: .releasing)
    }

    /// Shuts the server down cleanly; committed data is kept.
    public func stop() async {
        // The pool cannot refuse this job: it is the pool's first.
        try? await Self.onThread { self.stopBlocking() }
    }

    private static func onThread<Result: Sendable>(
        _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let thread = try BlockingPool(name: "pg-server", threadCount: 1, queueCountMax: 1)
        defer { thread.shutdown() }
        return try await thread.run(work)
    }

    // MARK: Blocking work on the thread

    private static func startBlocking(_ configuration: Configuration) throws(PostgresError) -> PrivatePostgres {
        let folder = try ServerFolder(path: configuration.folder)
        let end = ContinuousClock.now + configuration.startTimeout
        try folder.make()
        if folder.running() == nil {
            let programs = try ServerPrograms.find(majorVersion: folder.majorVersion)
            try folder.checkReachable()
            if !folder.isInitialised { try initialise(folder, programs, configuration) }
            try folder.excuseStaleLock()
            try admit(to: folder)
            return try launch(programs, arguments(folder, configuration), in: folder, configuration, until: end)
        }
        // The running server may still be starting up or shutting down.
        while ContinuousClock.now < end, folder.running() != nil {
            if let ready = ready(folder, configuration) { return ready }
            usleep(5_000)
        }
        throw PostgresError(.startup, "the running server did not become ready: \(folder.endOfLog())")
    }

    /// Initialises in a temporary folder and renames it, so that the data folder is never incomplete.
    private static func initialise(
        _ folder: ServerFolder, _ programs: ServerPrograms, _ configuration: Configuration
    ) throws(PostgresError) {
        try? FileManager.default.removeItem(atPath: folder.unfinishedData)
        try folder.own(folder.unfinishedData)
        var arguments = [
            "-D", folder.unfinishedData, "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8",
            "--auth-local=peer", "--auth-host=reject", "--data-checksums", "--no-instructions",
        ]
        if configuration.settings["fsync"] == "off" { arguments.append("--no-sync") }
        try programs.initialise(arguments, as: folder.user)
        guard rename(folder.unfinishedData, folder.data) == 0 else {
            throw PostgresError(.startup, "\(folder.unfinishedData) cannot be renamed")
        }
    }

    private static func arguments(_ folder: ServerFolder, _ configuration: Configuration) -> [String] {
        // Truncates the log at each start so that it does not grow without limit.
        unlink(folder.log)
        var settings = [
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": folder.socketFolder,
            "unix_socket_permissions": "0700",
            "max_connections": "\(configuration.connectionsMax)",
            "jit": "off",
            // Messages about a failed statement could contain data.
            "log_min_error_statement": "panic",
            "log_min_messages": "fatal",
            "log_error_verbosity": "terse",
        ]
        settings.merge(configuration.settings) { _, given in given }
        return ["-D", folder.data]
            + settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    }

    /// Starts the server and waits until it accepts connections.
    private static func launch(
        _ programs: ServerPrograms, _ arguments: [String], in folder: ServerFolder, _ configuration: Configuration,
        until end: ContinuousClock.Instant
    ) throws(PostgresError) -> PrivatePostgres {
        // The processes of a killed server may take a moment to exit; until then the new server refuses to start.
        let isAfterCrash = FileManager.default.fileExists(atPath: folder.data + "/postmaster.pid")
        let patience = isAfterCrash ? min(end, .now + .seconds(10)) : .now
        var process = try programs.serve(arguments, in: folder)
        while ContinuousClock.now < end {
            if let ready = ready(folder, configuration) { return ready }
            if process.status() != nil {
                guard ContinuousClock.now < patience else {
                    throw PostgresError(.startup, "the server exited at startup: \(folder.endOfLog())")
                }
                usleep(100_000)
                process = try programs.serve(arguments, in: folder)
            }
            usleep(5_000)
        }
        throw PostgresError(.startup, "the server did not become ready in time: \(folder.endOfLog())")
    }

    private static func ready(_ folder: ServerFolder, _ configuration: Configuration) -> PrivatePostgres? {
        guard let running = folder.running(), running.isReady else { return nil }
        return PrivatePostgres(
            configuration: configuration, process: running.process, socketFolder: running.socketFolder,
            port: running.port)
    }

    /// Maps the user of this process and the server's own user to `postgres` on the socket; other users are rejected.
    private static func admit(to folder: ServerFolder) throws(PostgresError) {
        let users = [geteuid() == 0 ? "root" : userName(), folder.user].compactMap { $0 }
        let map = users.map { "hub \"\($0)\" postgres\n" }.joined()
        do {
            try Data("local all all peer map=hub\n".utf8).write(to: URL(filePath: folder.data + "/pg_hba.conf"))
            try Data(map.utf8).write(to: URL(filePath: folder.data + "/pg_ident.conf"))
        } catch {
            throw PostgresError(.startup, "cannot write pg_hba.conf or pg_ident.conf in \(folder.data)")
        }
    }

    private static func userName() -> String? {
        var record = passwd(), found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4_096)
        guard getpwuid_r(geteuid(), &record, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return String(cString: record.pw_name)
    }

    private func stopBlocking() {
        // The process id of an ended server may since belong to another program.
        if hasEnded { return }
        let process = process
        let server = DetachedProcess(id: process)
        // SIGINT requests a fast shutdown: disconnect clients, roll back transactions, write everything.
        kill(process, SIGINT)
        if server.wait(within: .seconds(30)) != nil { return }
        // SIGQUIT requests an immediate shutdown: the next start runs crash recovery.
        kill(process, SIGQUIT)
        _ = server.wait(within: .seconds(10))
    }
}
