internal import Foundation

/// Runs a shell script when this process has ended, also after `kill -9`: the end of the process closes a pipe.
final class AfterProcess: Sendable {
    /// The end of the pipe that only this process has.
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
