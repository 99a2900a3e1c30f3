internal import Foundation

/// A network to a loopback port: forwards from another port until it is cut.
public struct TestNetwork: Sendable {
    private let process: Int32
    private let end: AfterProcess

    public init(from port: Int, to target: Int) throws {
        let process = Process()
        process.executableURL = try TestPython.executable()
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts/tcp-relay.py")
        process.arguments = [script.path, "\(port)", "\(target)"]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process.processIdentifier
        end = try AfterProcess(run: "kill -KILL \(process.processIdentifier)")
    }

    /// Drops all data without closing connections.
    public func cut() { kill(process, SIGSTOP) }

    /// Delivers the data that were held back.
    public func heal() { kill(process, SIGCONT) }

    public func stop() {
        end.cancel()
        kill(process, SIGKILL)
    }
}
