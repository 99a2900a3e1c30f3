internal import Foundation

/// Runs a shell script when this process has ended, however it ended: even after `kill -9` a pipe is closed.
final class AfterProcess: Sendable {
    /// The end of the pipe that only this process holds.
    private let pipe: FileHandle

    struct NoPipe: Error {}

    init(run script: String) throws {
        var ends: [Int32] = [-1, -1]
        guard Foundation.pipe(&ends) == 0 else { throw NoPipe() }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pipe = FileHandle(fileDescriptor: ends[1], closeOnDealloc: false)
        let watcher = Process()
        watcher.executableURL = URL(filePath: "/bin/sh")
        watcher.arguments = ["-c", "read -r _\n\(script)"]
        watcher.standardInput = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        watcher.standardOutput = FileHandle.nullDevice
        watcher.standardError = FileHandle.nullDevice
        try watcher.run()
    }
}
