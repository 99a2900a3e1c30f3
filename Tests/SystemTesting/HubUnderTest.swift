public import Foundation
internal import HTTP
internal import HubTesting
internal import Synchronization
internal import Testing

/// The real program in its own processes.
public final class HubUnderTest: Sendable {
    public let address: String
    public let client: HubClient
    public let databaseURL: String
    private let processes: Mutex<[ServiceProcess]>
    private let folder: WorkFolder
    /// The settings in addition to the defaults.
    private let environment: [String: String]

    private init(
        address: String, databaseURL: String, processes: [ServiceProcess], folder: WorkFolder,
        _ environment: [String: String]
    ) {
        self.environment = environment
        self.address = address
        client = HubClient(address: address)
        self.databaseURL = databaseURL
        self.processes = Mutex(processes)
        self.folder = folder
    }

    private var programs: [Program] { processes.withLock { $0.map(\.program) } }

    /// `learning-hub up` on a new data folder, or on that of an earlier hub.
    public static func inOneProcess(
        _ environment: [String: String] = [:], on folder: WorkFolder? = nil
    ) async throws -> HubUnderTest {
        if let folder { return try await up(on: folder, environment) }
        let folder = try WorkFolder("system")
        // A database remembers its log and its registry.
        if !environment.keys.contains(where: {
            $0 == "DATABASE_URL" || $0.hasPrefix("KAFKA_") || $0.contains("REGISTRY")
        }) {
            try await UsedFolder.shared.copy(to: folder)
        }
        return try await up(on: folder, environment)
    }

    fileprivate static func up(on folder: WorkFolder, _ environment: [String: String]) async throws -> HubUnderTest {
        let note = folder.file("hub.json")
        try? FileManager.default.removeItem(at: note)
        let program = try Program(
            ["up", "--data", folder.url.path, "--port", "0"], standard(environment), log: folder.file("up.log"))
        let found: Note = try await eventually(within: .seconds(60), "the hub is up") {
            guard program.isRunning else { throw ProgramEnded(program) }
            return try? JSONDecoder().decode(Note.self, from: Data(contentsOf: note))
        }
        return HubUnderTest(
            address: found.address, databaseURL: found.databaseURL,
            processes: [ServiceProcess(name: "up", program: program)], folder: folder, environment)
    }

    /// Starts a hub that must refuse to start: in one process, or these services in processes of their own.
    /// - Returns: how its program ended, and the end of what it wrote.
    public static func failedStart(
        of services: [String]? = nil, _ environment: [String: String]
    ) async throws -> String {
        let folder = try WorkFolder("system")
        folder.finish()
        let error = await #expect(throws: ProgramEnded.self) {
            if let services { return try await inManyProcesses(services, environment, on: folder) }
            return try await inOneProcess(environment, on: folder)
        }
        return error?.description ?? ""
    }

    /// Each service in its own process, as in a cluster, on one database. A service that is listed twice has two processes.
    public static func inManyProcesses(
        _ services: [String], _ environment: [String: String] = [:], on folder: WorkFolder? = nil
    ) async throws -> HubUnderTest {
        let folder = try folder ?? WorkFolder("system")
        let given = environment
        var environment = standard(environment)
        let databaseURL =
            if let given = environment["DATABASE_URL"] { given } else { try await TestDatabase.make().url }
        environment["DATABASE_URL"] = databaseURL
        environment["HUB_IDENTITY_SECRET"] = "a secret that all processes share"
        // Services do not create topics; an operator does, once.
        let operating = try Program(["topics", "apply"], environment, log: folder.file("topics.log"))
        guard try await operating.exitCode() == 0 else { throw ProgramEnded(operating) }
        var ports: [String: Int] = [:]
        let own = try FreePort.some(services.count)
        for (service, port) in zip(services, own) {
            ports[service] = port
            environment["HUB_\(service.uppercased())_URL"] = "http://127.0.0.1:\(port)"
        }
        let processes = try zip(services, own).enumerated().map { index, process in
            let (service, port) = process
            environment["HUB_\(service.uppercased())_PORT"] = String(port)
            return ServiceProcess(
                name: service,
                program: try Program(["serve", service], environment, log: folder.file("\(service)-\(index).log")),
                address: "http://127.0.0.1:\(port)")
        }
        let hub = HubUnderTest(
            address: "http://127.0.0.1:\(ports["gateway"] ?? 0)", databaseURL: databaseURL, processes: processes,
            folder: folder, given)
        for process in processes { try await process.isReady() }
        return hub
    }

    /// The address of the first process of a service, without the gateway. For a hub in many processes.
    public func address(of service: String) throws -> String {
        try #require(processes.withLock { $0.first { $0.name == service }?.address })
    }

    /// The first process of a service, for tests that freeze or kill it.
    public func program(of service: String) throws -> Program {
        try #require(processes.withLock { $0.first { $0.name == service }?.program })
    }

    /// Restarts the ended process of a service with its first settings, and waits until it is ready.
    public func startAgain(_ service: String) async throws {
        let process = try processes.withLock { processes in
            let index = try #require(processes.firstIndex { $0.name == service })
            processes[index].program = try Program(anotherRunOf: processes[index].program)
            return processes[index]
        }
        try await process.isReady()
    }

    /// Like Ctrl-C.
    /// - Returns: the exit codes.
    public func stop() async throws -> [Int32] {
        for program in programs { program.interrupt() }
        return try await exitCodes()
    }

    /// Waits for the programs to end.
    public func exitCodes() async throws -> [Int32] {
        var codes: [Int32] = []
        for program in programs { codes.append(try await program.exitCode()) }
        await client.close()
        if codes.allSatisfy({ $0 == 0 }) { folder.finish() }
        return codes
    }

    /// The folder need not be kept after an expected failure.
    public func finish() { folder.finish() }

    /// Like `kill -9`: no cleanup.
    /// - Returns: the data folder, for a restart.
    public func kill() async throws -> WorkFolder {
        for program in programs { program.kill() }
        for program in programs { _ = try await program.exitCode() }
        await client.close()
        return folder
    }

    /// `kill -9` for the private database server of a hub.
    public func killPostgres() throws { #expect(Foundation.kill(try #require(postgresProcess), SIGKILL) == 0) }

    public var postgresProcess: Int32? {
        let lock = folder.file("postgres/data/postmaster.pid")
        return (try? String(contentsOf: lock, encoding: .utf8))?.split(separator: "\n").first.flatMap { Int32($0) }
    }

    /// What the programs wrote to standard output.
    public var output: String { programs.map(\.output).joined() }

    /// What the programs wrote to standard error.
    public var logText: String { programs.map(\.logText).joined() }

    /// Runs another command of the program against this hub.
    public func command(_ arguments: [String], input: String? = nil, _ environment: [String: String] = [:]) async throws
        -> (
            code: Int32, output: String, errors: String
        )
    {
        let log = folder.file("command-\(UUID().uuidString).log")
        let standard = ["DATABASE_URL": databaseURL, "HUB_IDENTITY_SECRET": "a secret that all processes share"]
        let own = self.environment.filter { $0.key.hasPrefix("KAFKA_") }.merging(standard) { $1 }
        let program = try Program(arguments, own.merging(environment) { $1 }, log: log, input: input)
        let code = try await program.exitCode()
        return (code, program.output, program.logText)
    }

    public var dataFolder: String { folder.url.path }

    /// The data folder of the private database server of a hub.
    public var databaseFolder: URL { folder.file("postgres/data") }

    /// For a hub in one process.
    public func port(of service: String) throws -> Int {
        let line = try #require(
            output.split(separator: "\n").first { $0.split(separator: " ").first == Substring(service) })
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
    }

    /// The private address of the gateway, for operators.
    public func privateAddressOfGateway() throws -> String {
        let line = try #require(output.split(separator: "\n").first { $0.contains("/metrics of the gateway") })
        return "http://127.0.0.1:\(try #require(line.split(separator: " ").last))"
    }

    /// The sum of a counter on a service's own page, for a hub in one process.
    public func counter(_ name: String, of service: String) async throws -> Int {
        let probe = HubClient(address: "http://127.0.0.1:\(try port(of: service))")
        let page = try await probe.get("/metrics").text
        await probe.close()
        return page.split(separator: "\n").filter { $0.hasPrefix(name + "{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }

    private struct Note: Decodable {
        let address: String
        let databaseURL: String
    }

    private static func standard(_ environment: [String: String]) -> [String: String] {
        var all = [
            "HUB_RATE_LIMITS": "off", "HUB_LOG_LEVEL": "warning", "HUB_UPSTREAM_TIMEOUT": "300s",
            "HUB_GATEWAY_PRIVATE_PORT": "0",
            // The cost of a hash is tested with the user service.
            "HUB_PASSWORD_MEMORY_KIB": "8", "HUB_PASSWORD_ITERATIONS": "1",
        ]
        all.merge(environment) { $1 }
        return all
    }
}

/// The data folder of a hub that has run once. To create its database server and all tables takes longer than the rest of a start, so hubs of
/// tests begin with a copy.
private actor UsedFolder {
    static let shared = UsedFolder()
    private var making: Task<WorkFolder, any Error>?
    private var removal: AfterProcess?

    struct CannotCopy: Error {}

    func copy(to folder: WorkFolder) async throws {
        let making = making ?? Task { try await make() }
        self.making = making
        let source = try await making.value
        // With the owners of the files.
        let copying = try Process.run(
            URL(filePath: "/bin/cp"), arguments: ["-a", source.url.path + "/.", folder.url.path])
        try await eventually("the folder is copied") { !copying.isRunning }
        guard copying.terminationStatus == 0 else { throw CannotCopy() }
    }

    private func make() async throws -> WorkFolder {
        let folder = try WorkFolder("used")
        removal = try AfterProcess(run: "rm -rf '\(folder.url.path)'")
        let hub = try await HubUnderTest.up(on: folder, [:])
        guard try await hub.stop() == [0] else { throw CannotCopy() }
        return folder
    }
}

/// One program of a hub.
private struct ServiceProcess {
    let name: String
    var program: Program
    /// Its address; nil for a hub in one process.
    var address: String?

    func isReady() async throws {
        let probe = HubClient(address: address ?? "")
        try await eventually(within: .seconds(60), "\(name) is ready") {
            guard program.isRunning else { throw ProgramEnded(program) }
            return (try? await probe.get("/health/ready").status) == 200
        }
        await probe.close()
    }
}

/// A program that should run has ended.
public struct ProgramEnded: Error, CustomStringConvertible {
    /// How it ended, and the end of what it wrote to standard error.
    public let description: String

    init(_ program: Program) {
        description = "\(program) ended \(program.ending):\n\(program.logText.suffix(4_000))"
    }
}
