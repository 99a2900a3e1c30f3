import Foundation
import HubTesting
import Testing

/// A run of the built program.
// @unchecked: the process object is only asked and signalled; what it writes goes to files.
final class Program: @unchecked Sendable {
    private let process = Process()
    private let log: URL
    private let outputFile: URL

    init(_ arguments: [String], _ environment: [String: String], log: URL, input: String? = nil) throws {
        self.log = log
        outputFile = log.appendingPathExtension("out")
        process.executableURL = try Self.executable()
        process.arguments = arguments
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("HUB_") && $0.key != "DATABASE_URL" }
        all.merge(environment) { $1 }
        process.environment = all
        process.currentDirectoryURL = log.deletingLastPathComponent()
        for file in [log, outputFile] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        if let input {
            let pipe = Pipe()
            pipe.fileHandleForWriting.write(Data(input.utf8))
            try pipe.fileHandleForWriting.close()
            process.standardInput = pipe
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
    }

    deinit { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }

    var isRunning: Bool { process.isRunning }
    var output: String { (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "" }
    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func interrupt() { process.interrupt() }
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    func exitCode() async throws -> Int32 {
        try await eventually(within: .seconds(60), "the program ends") { !self.process.isRunning }
        return process.terminationStatus
    }

    /// Beside the tests: both are products of one build.
    private static func executable() throws -> URL {
        let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return tests.deletingLastPathComponent().appending(path: "learning-hub")
    }
}
