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

/// A PostgreSQL server of our own in a folder, reachable through a socket file. The server asks the system who is at the other
/// end of it and admits only the user who started it; there is no password to keep.
public final class PrivatePostgres: Sendable {
    public struct Configuration: Sendable {
        /// Holds the data; made when missing. What is in it survives a crash of the machine.
        public var folder: String
        /// Connections of all clients together.
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
    /// The server's process; another one after ``restart()``.
    public var process: Int32 { current.load(ordering: .acquiring) }
    /// Where its socket file is: `psql -h` takes it.
    public let socketFolder: String
    private let port: Int
    private let current: Atomic<Int32>

    /// Where initdb, postgres and their like are that fit the data.
    package func programsFolder() throws -> String {
        try ServerPrograms.find(majorVersion: ServerFolder(path: configuration.folder).majorVersion).folder
    }

    private init(configuration: Configuration, process: Int32, socketFolder: String, port: Int) {
        self.configuration = configuration
        current = Atomic(process)
        self.socketFolder = socketFolder
        self.port = port
    }

    /// What ``Database/init(url:loops:configuration:)`` takes, for a database of this server.
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

    /// Initialises the folder when it is new, and starts the server or finds the one that runs there already, as after the
    /// sudden end of the program that started it.
    ///
    /// Work that blocks is done on a thread of its own: this may be called from a loop.
    /// - Throws: ``PostgresError`` of kind `startup`, in words a person can act on.
    public static func start(_ configuration: Configuration) async throws -> PrivatePostgres {
        try await onThread { try startBlocking(configuration) }
    }

    /// Whether the server has ended by itself, or somebody has killed it. Asks the system and does not wait.
    public var hasEnded: Bool { DetachedProcess(id: process).status() != nil }

    /// Starts a server that has ended again, on the same folder: its address stays, and so does what was committed.
    /// - Throws: as ``start(_:)``.
    public func restart() async throws {
        let configuration = configuration
        let next = try await Self.onThread { try Self.startBlocking(configuration) }
        current.store(next.process, ordering: .releasing)
    }

    /// Ends the server in an orderly way; what is committed stays.
    public func stop() async {
        // The thread cannot be refused: it is the first work of its pool.
        try? await Self.onThread { self.stopBlocking() }
    }

    private static func onThread<Result: Sendable>(
        _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let thread = try BlockingPool(name: "pg-server", threadCount: 1, queueCountMax: 1)
        defer { thread.shutdown() }
        return try await thread.run(work)
    }

    // MARK: On the thread

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
        // One that runs may be about to be ready, or about to end.
        while ContinuousClock.now < end, folder.running() != nil {
            if let ready = ready(folder, configuration) { return ready }
            usleep(5_000)
        }
        throw PostgresError(.startup, "the server that ran here did not become ready: \(folder.endOfLog())")
    }

    /// The data appears under its name only when it is whole.
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
        // Of the log only what the last run said is of interest, and it must not grow for ever.
        unlink(folder.log)
        var settings = [
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": folder.socketFolder,
            "unix_socket_permissions": "0700",
            "max_connections": "\(configuration.connectionsMax)",
            "jit": "off",
            // Messages about a failed statement would carry data.
            "log_min_error_statement": "panic",
            "log_min_messages": "fatal",
            "log_error_verbosity": "terse",
        ]
        settings.merge(configuration.settings) { _, given in given }
        return ["-D", folder.data]
            + settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    }

    /// Starts the server and waits until it takes connections.
    private static func launch(
        _ programs: ServerPrograms, _ arguments: [String], in folder: ServerFolder, _ configuration: Configuration,
        until end: ContinuousClock.Instant
    ) throws(PostgresError) -> PrivatePostgres {
        // Processes of a server that was killed may take a moment to notice; until then the new one refuses to start.
        let isAfterCrash = FileManager.default.fileExists(atPath: folder.data + "/postmaster.pid")
        let patience = isAfterCrash ? min(end, .now + .seconds(10)) : .now
        var process = try programs.serve(arguments, in: folder)
        while ContinuousClock.now < end {
            if let ready = ready(folder, configuration) { return ready }
            if process.status() != nil {
                guard ContinuousClock.now < patience else {
                    throw PostgresError(.startup, "the server ended at once: \(folder.endOfLog())")
                }
                usleep(100_000)
                process = try programs.serve(arguments, in: folder)
            }
            usleep(5_000)
        }
        throw PostgresError(.startup, "the server was not ready in time: \(folder.endOfLog())")
    }

    private static func ready(_ folder: ServerFolder, _ configuration: Configuration) -> PrivatePostgres? {
        guard let running = folder.running(), running.isReady else { return nil }
        return PrivatePostgres(
            configuration: configuration, process: running.process, socketFolder: running.socketFolder,
            port: running.port)
    }

    /// Lets the user of this process, and the server's own, be `postgres` on the socket; nobody else.
    private static func admit(to folder: ServerFolder) throws(PostgresError) {
        let users = [geteuid() == 0 ? "root" : userName(), folder.user].compactMap { $0 }
        let map = users.map { "hub \"\($0)\" postgres\n" }.joined()
        do {
            try Data("local all all peer map=hub\n".utf8).write(to: URL(filePath: folder.data + "/pg_hba.conf"))
            try Data(map.utf8).write(to: URL(filePath: folder.data + "/pg_ident.conf"))
        } catch {
            throw PostgresError(.startup, "the server's list of users in \(folder.data) cannot be written")
        }
    }

    private static func userName() -> String? {
        var record = passwd(), found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4_096)
        guard getpwuid_r(geteuid(), &record, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return String(cString: record.pw_name)
    }

    private func stopBlocking() {
        // The number of one that has ended may be another program's by now.
        if hasEnded { return }
        let process = process
        let server = DetachedProcess(id: process)
        // Fast: connections are ended, transactions rolled back, everything written.
        kill(process, SIGINT)
        if server.wait(within: .seconds(30)) != nil { return }
        // Immediate: as after a crash, the next start recovers.
        kill(process, SIGQUIT)
        _ = server.wait(within: .seconds(10))
    }
}
