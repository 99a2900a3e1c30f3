internal import Foundation
internal import Testing

/// A Redis server on a free port. It ends with the process in every case.
public actor TestRedis {
    public struct CannotStart: Error, CustomStringConvertible {
        public let description: String
    }

    public nonisolated let port: Int
    private let password: String?
    private var process: Process?
    private var end: AfterProcess?

    private init(port: Int, password: String?) {
        self.port = port
        self.password = password
    }

    /// Runs `body` with a server that ends after it.
    /// - Parameter password: the password of clients.
    public static func with(password: String? = nil, _ body: (TestRedis) async throws -> Void) async throws {
        let server = TestRedis(port: try FreePort.any(), password: password)
        try await server.start()
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    /// `redis://…`, without a password.
    public nonisolated var address: String { "redis://127.0.0.1:\(port)" }

    /// Starts it without data on the same port.
    public func start() async throws {
        let process = Process(), output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
            NSTemporaryDirectory(),
        ]
        if let password { process.arguments? += ["--requirepass", password] }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        end = try AfterProcess(run: "kill -KILL \(process.processIdentifier)")
        self.process = process
        let lines = LineReader(output.fileHandleForReading)
        while true {
            guard let line = try? await lines.next() else {
                throw CannotStart(description: "redis-server has ended; is it installed (make setup-tests)?")
            }
            if String(decoding: line, as: UTF8.self).contains("Ready to accept connections") { return }
        }
    }

    /// Deletes all its data while it is in use. For servers without a password.
    public nonisolated func empty() async throws {
        let socket = try RawSocket.connect(port)
        try await socket.send("FLUSHALL\r\n")
        guard try await socket.read(until: { $0.hasSuffix("\r\n") }) == "+OK\r\n" else {
            throw CannotStart(description: "redis-server did not empty itself")
        }
    }

    /// Kills it, with the loss of its data.
    public func stop() async {
        guard let process else { return }
        end?.cancel()
        kill(process.processIdentifier, SIGKILL)
        self.process = nil
        await Self.waitForEnd(at: port)
    }

    /// Not `waitUntilExit`, which what other children inherited keeps waiting.
    private static func waitForEnd(at port: Int) async {
        _ = try? await eventually { (try? RawSocket.connect(port)) == nil }
    }

    /// Freezes it: the system still accepts connections for it, but it does not respond.
    public func freeze() { signal(SIGSTOP) }

    public func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) { if let process { kill(process.processIdentifier, number) } }
}
