public import Foundation
internal import HubTesting
internal import Testing

/// A run of the built program.
// @unchecked: the process object is only queried and signalled; its output goes to files.
public final class Program: @unchecked Sendable, CustomStringConvertible {
    private let process = Process()
    private let log: URL
    private let outputFile: URL

    public init(_ arguments: [String], _ environment: [String: String], log: URL, input: String? = nil) throws {
        self.log = log
        outputFile = log.appendingPathExtension("out")
        process.executableURL = try Self.executable()
        process.arguments = arguments
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("HUB_") && $0.key != "DATABASE_URL" }
        all.merge(environment) { $1 }
        process.environment = all
        process.currentDirectoryURL = log.deletingLastPathComponent()
        if let input {
            let pipe = Pipe()
            pipe.fileHandleForWriting.write(Data(input.utf8))
            try pipe.fileHandleForWriting.close()
            process.standardInput = pipe
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try start()
    }

    /// The same command, settings and folder again, with another log file.
    init(anotherRunOf other: Program) throws {
        log = other.log.appendingPathExtension("again")
        outputFile = log.appendingPathExtension("out")
        process.executableURL = other.process.executableURL
        process.arguments = other.process.arguments
        process.environment = other.process.environment
        process.currentDirectoryURL = other.process.currentDirectoryURL
        process.standardInput = FileHandle.nullDevice
        try start()
    }

    /// With its output in files.
    private func start() throws {
        for file in [log, outputFile] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        try process.run()
    }

    deinit { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }

    /// The command.
    public var description: String { (process.arguments ?? []).joined(separator: " ") }
    /// With an exit code or by a signal. Only for a program that has ended.
    var ending: String {
        process.terminationReason == .exit
            ? "with exit code \(process.terminationStatus)" : "by signal \(process.terminationStatus)"
    }

    public var isRunning: Bool { process.isRunning }
    public var output: String { (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "" }
    public var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    public func interrupt() { process.interrupt() }
    public func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }
    /// Freezes it, as `kill -STOP` does, until it is resumed.
    public func freeze() { Foundation.kill(process.processIdentifier, SIGSTOP) }
    public func thaw() { Foundation.kill(process.processIdentifier, SIGCONT) }

    public func exitCode() async throws -> Int32 {
        try await eventually(within: .seconds(60), "the program ends") { !self.process.isRunning }
        return process.terminationStatus
    }

    /// The program beside the tests, from the same build, unless `HUB_TEST_PROGRAM` names another.
    public static func executable() throws -> URL {
        if let other = ProcessInfo.processInfo.environment["HUB_TEST_PROGRAM"] { return URL(filePath: other) }
        let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return tests.deletingLastPathComponent().appending(path: "learning-hub")
    }
}
