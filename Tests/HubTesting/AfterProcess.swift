internal import Foundation
internal import Synchronization

/// Runs a shell script when this process has ended, also after `kill -9`: the end of the process closes a pipe.
public final class AfterProcess: Sendable {
    /// The end of the pipe that only this process has; nil after ``cancel()``.
    private let pipe: Mutex<FileHandle?>

    struct NoPipe: Error {}

    public init(run script: String) throws {
        var ends: [Int32] = [-1, -1]
        guard Foundation.pipe(&ends) == 0 else { throw NoPipe() }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pipe = Mutex(FileHandle(fileDescriptor: ends[1], closeOnDealloc: false))
        let watcher = Process()
        watcher.executableURL = URL(filePath: "/bin/sh")
        watcher.arguments = ["-c", "read -r _ && exit\n\(script)"]
        watcher.standardInput = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        watcher.standardOutput = FileHandle.nullDevice
        watcher.standardError = FileHandle.nullDevice
        try watcher.run()
    }

    /// The script does not run any more. A script that kills a process must be cancelled before that process is stopped: its id is soon that
    /// of another process.
    public func cancel() {
        let pipe = pipe.withLock { pipe in
            defer { pipe = nil }
            return pipe
        }
        try? pipe?.write(contentsOf: Data("\n".utf8))
        try? pipe?.close()
    }
}
