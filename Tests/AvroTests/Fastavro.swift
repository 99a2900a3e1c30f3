import Foundation
import Testing

/// Runs Scripts/crosscheck.py with a Python that has fastavro.
enum Fastavro {
    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct Missing: Error, CustomStringConvertible {
        let description = "no Python with fastavro at HUB_TEST_PYTHON or .venv/bin/python3: run `make setup-tests`"
    }

    /// - Throws: ``Missing`` when there is no Python with fastavro.
    static func python() throws -> String {
        let own = packageRoot.appending(path: ".venv/bin/python3").path()
        let candidates = [ProcessInfo.processInfo.environment["HUB_TEST_PYTHON"], own].compactMap(\.self)
        for python in candidates where FileManager.default.isExecutableFile(atPath: python) {
            if try run(python, ["-c", "import fastavro"]).status == 0 { return python }
        }
        throw Missing()
    }

    /// Runs the script and returns its output.
    @discardableResult
    static func crosscheck(_ arguments: [String]) throws -> String {
        let script = packageRoot.appending(path: "Tests/AvroTests/Scripts/crosscheck.py").path()
        let (status, output) = try run(python(), [script] + arguments)
        try #require(status == 0, "crosscheck.py: \(output.suffix(4_000))")
        return output
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}

/// A file of chunks, as the script describes it.
struct ChunkReader {
    private let bytes: [UInt8]
    private var position = 0

    init(path: String) throws {
        bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    mutating func next() -> [UInt8]? {
        guard position + 4 <= bytes.count else { return nil }
        let count = (0..<4).reduce(0) { $0 | Int(bytes[position + $1]) << ($1 * 8) }
        defer { position += 4 + count }
        return Array(bytes[position + 4..<position + 4 + count])
    }

    mutating func chunk() throws -> [UInt8] {
        let chunk = next()
        return try #require(chunk)
    }

    mutating func text() throws -> String {
        String(decoding: try chunk(), as: UTF8.self)
    }

    mutating func number() throws -> Int {
        let number = Int(try text())
        return try #require(number)
    }
}

struct ChunkWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ chunk: some Collection<UInt8>) {
        withUnsafeBytes(of: UInt32(chunk.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: chunk)
    }
}
