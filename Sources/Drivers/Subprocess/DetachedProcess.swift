internal import CProcess

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A program that goes on when we end, in a session of its own: a server. Everything here blocks: run it on a thread of its own.
public struct DetachedProcess: Sendable {
    public let id: Int32

    /// - Parameter id: of a process that somebody started.
    public init(id: Int32) { self.id = id }

    /// Starts a program with nothing of ours but what is named here; it reads nothing.
    /// - Parameters:
    ///   - user: whom it runs as; nil is the user of this process.
    ///   - log: a file its output is appended to.
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

    /// nil while it runs. A process that is not our child has no status we could learn: it counts as ended with 0.
    public func status() -> Int32? {
        var status: Int32 = 0
        switch hub_process_poll(id, &status) {
        case 0: return nil
        case 1: return status
        default: return kill(id, 0) == 0 || errno == EPERM ? nil : 0
        }
    }

    /// nil when it has not ended in time.
    public func wait(within limit: Duration) -> Int32? {
        let end = ContinuousClock.now + limit
        while true {
            if let status = status() { return status }
            if ContinuousClock.now >= end { return nil }
            usleep(5_000)
        }
    }
}
