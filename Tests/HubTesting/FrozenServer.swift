internal import Foundation
public import Postgres

extension PrivatePostgres {
    /// Stops the server and its children dead, as `kill -STOP` does: the system still takes connections for it, and nothing answers.
    public func freeze() { signalAll(SIGSTOP) }

    /// Lets a frozen server go on.
    public func thaw() { signalAll(SIGCONT) }

    private func signalAll(_ signal: Int32) {
        // The parent first: it would make new children meanwhile.
        kill(process, signal)
        let children = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        for child in (children ?? "").split(separator: " ").compactMap({ Int32($0) }) { kill(child, signal) }
    }
}
