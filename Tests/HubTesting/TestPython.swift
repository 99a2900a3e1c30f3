public import Foundation
internal import Testing

/// The Python of the tests, with the packages of Tests/requirements.txt.
public enum TestPython {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// `HUB_TEST_PYTHON`, otherwise the environment that `make test` creates at the root of the package.
    static func executable() throws -> URL {
        let candidates: [String?] = [
            ProcessInfo.processInfo.environment["HUB_TEST_PYTHON"], root.appending(path: ".venv/bin/python").path,
        ]
        for case let path? in candidates where FileManager.default.isExecutableFile(atPath: path) {
            return URL(filePath: path)
        }
        throw NoPython()
    }

    /// Runs a script to its end.
    /// - Parameter input: its standard input.
    /// - Returns: its exit code, and both outputs.
    public static func run(
        _ script: String, _ arguments: [String], input: String = ""
    ) async throws -> (code: Int32, output: String) {
        try await run([script] + arguments, input: input, in: nil)
    }

    /// Runs a module as a program, as `python -m` does.
    public static func run(
        module: String, _ arguments: [String], in folder: URL
    ) async throws -> (code: Int32, output: String) {
        try await run(["-m", module] + arguments, input: "", in: folder)
    }

    private static func run(
        _ arguments: [String], input: String, in folder: URL?
    ) async throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = try executable()
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        pipe.fileHandleForWriting.write(Data(input.utf8))
        try pipe.fileHandleForWriting.close()
        process.standardInput = pipe
        let file = FileManager.default.temporaryDirectory.appending(path: "hub-python-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        defer { if process.isRunning { process.terminate() } }
        try await eventually(within: .seconds(300), "\(arguments.prefix(2)) ends") { !process.isRunning }
        return (process.terminationStatus, try String(contentsOf: file, encoding: .utf8))
    }
}

/// The tests' Python is not set up.
public struct NoPython: Error, CustomStringConvertible {
    public var description: String { "no Python for the tests: run `make setup-tests`, or set HUB_TEST_PYTHON" }
}
