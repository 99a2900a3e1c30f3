internal import Foundation
public import Postgres

extension PrivatePostgres {
    /// Freezes the server and its children, as `kill -STOP` does: the system still accepts connections for it, but it does not respond.
    public func freeze() { signalAll(SIGSTOP) }

    /// Resumes a frozen server.
    public func thaw() { signalAll(SIGCONT) }

    private func signalAll(_ signal: Int32) {
        // The parent first, because it could start new children.
        kill(process, signal)
        let children = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        for child in (children ?? "").split(separator: " ").compactMap({ Int32($0) }) { kill(child, signal) }
    }
}
