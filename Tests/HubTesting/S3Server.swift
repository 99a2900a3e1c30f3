internal import Foundation

/// An S3 server (`moto`) on a free loopback port, with a bucket and credentials. It checks signatures, and ends with the tests.
public struct S3Server: Sendable, Decodable {
    public let endpoint: String
    public let bucket: String
    public let region: String
    public let accessKeyID: String
    public let secretAccessKey: String

    /// Shared by all tests of a process, because its start takes seconds.
    public static var shared: S3Server { get async throws { try await Starting.shared.server() } }

    private actor Starting {
        static let shared = Starting()
        private var starting: Task<S3Server, any Error>?
        /// The server runs until this pipe is closed, at the latest when the process ends.
        private let input = Pipe()

        func server() async throws -> S3Server {
            let task = starting ?? Task { try await start() }
            starting = task
            return try await task.value
        }

        private func start() async throws -> S3Server {
            let process = Process()
            let output = Pipe()
            process.executableURL = try TestPython.executable()
            process.arguments = [
                URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts/s3-server.py").path
            ]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            let answers = LineReader(output.fileHandleForReading)
            return try JSONDecoder().decode(S3Server.self, from: try await answers.next())
        }
    }
}
