internal import CProcess

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A server process that outlives this process, in its own session. All calls block: use a separate thread.
public struct DetachedProcess: Sendable {
    public let id: Int32

    /// - Parameter id: the id of an already running process.
    public init(id: Int32) { self.id = id }

    /// Starts a program with only the given environment and no inherited descriptors; its standard input is empty.
    /// - Parameters:
    ///   - user: the user to run as; nil for the user of this process.
    ///   - log: the file to which its output is appended.
    public static func start(
        _ path: String, _ arguments: [String], environment: [String: String], as user: String?, log: String
    ) throws(SubprocessError) -> DetachedProcess {
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        if output < 0 { throw .notStarted(path: path, reason: "\(log) cannot be written") }
        defer { close(output) }
        let launch = Launch(
            path: path, arguments: arguments, environment: environment, user: user, output: output, errors: output)
        return DetachedProcess(id: try launch.start())
    }

    /// The exit status; nil while it runs. The status of a process that is not our child is unknown and counts as 0.
    public func status() -> Int32? {
        var status: Int32 = 0
        switch hub_process_poll(id, &status) {
        case 0: return nil
        case 1: return status
        default: return kill(id, 0) == 0 || errno == EPERM ? nil : 0
        }
    }

    /// nil when it did not end in time.
    public func wait(within limit: Duration) -> Int32? {
        let end = ContinuousClock.now + limit
        while true {
            if let status = status() { return status }
            if ContinuousClock.now >= end { return nil }
            usleep(5_000)
        }
    }
}
