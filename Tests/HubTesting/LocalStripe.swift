internal import Foundation

/// A third-party imitation of Stripe (`localstripe`) on a free loopback port. It ends with ``stop()``, at the latest with the tests.
public actor LocalStripe {
    /// For `STRIPE_API_BASE`.
    public nonisolated let base: String
    private let process: Process
    private let input: FileHandle

    private struct Started: Decodable { let port: Int }

    public init() async throws {
        let process = Process()
        let input = Pipe(), output = Pipe()
        process.executableURL = try TestPython.executable()
        process.arguments = [SMTPServer.scripts.appending(path: "stripe-server.py").path]
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = try await LineReader(output.fileHandleForReading).next()
        base = "http://127.0.0.1:\(try JSONDecoder().decode(Started.self, from: line).port)"
        self.process = process
        self.input = input.fileHandleForWriting
    }

    public func stop() {
        try? input.close()
        process.waitUntilExit()
    }
}
