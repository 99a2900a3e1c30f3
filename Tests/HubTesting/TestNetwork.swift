internal import Foundation

/// The network to a port on loopback: what comes to another port is passed on, until the network is cut.
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

    /// Nothing passes any more, and nobody is told.
    public func cut() { kill(process, SIGSTOP) }

    /// What was on its way arrives after all.
    public func heal() { kill(process, SIGCONT) }

    public func stop() { kill(process, SIGKILL) }
}
