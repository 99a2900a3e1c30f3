internal import CProcess
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Signals cancellation to the thread that waits for a program.
final class Cancellation: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .acquiring) }
    func set() { flag.store(true, ordering: .releasing) }
}

/// A running program, on the thread that waits for it.
struct RunningProgram {
    /// The polling interval for events without a descriptor: a cancellation, or an exit where the system has no pidfd.
    private static let lookMilliseconds: Int32 = 20

    private let id: Int32
    private let watch: Int32
    private let output: Pipe
    private let errors: Pipe
    private let limits: Subprocess.Limits
    private let deadline: ContinuousClock.Instant
    private var read: OutputReader
    private var complaints: [UInt8] = []

    /// Starts the program.
    init(_ program: Subprocess, _ onLine: (@Sendable (String) -> Void)?) throws(SubprocessError) {
        limits = program.limits
        read = OutputReader(bytesMax: limits.outputBytesMax, onLine: onLine)
        output = try Pipe()
        errors = try Pipe()
        let input = try InputFile(program.input)
        let launch = Launch(
            path: program.path, arguments: program.arguments, environment: program.environment,
            folder: program.folder, user: program.user, input: input.descriptor, output: output.forChild,
            errors: errors.forChild, limits: limits)
        deadline = .now + limits.timeMax
        id = try launch.start()
        watch = hub_process_watch(id)
        output.leaveToChild()
        errors.leaveToChild()
    }

    /// Waits until the program exits, or kills it on a limit.
    mutating func finish(unless cancellation: Cancellation) throws -> Subprocess.Outcome {
        defer { if watch >= 0 { close(watch) } }
        var reason: (any Error)?
        var killsAt: ContinuousClock.Instant?
        while hub_process_has_ended(id) == 0 {
            waitForNews()
            takeOutput()
            if reason == nil, let found = whyToEnd(cancellation) {
                reason = found
                killsAt = .now + limits.endTime
                kill(-id, SIGTERM)
            } else if let time = killsAt, time <= .now {
                kill(-id, SIGKILL)
                killsAt = nil
            }
        }
        // Kills the rest of the process group. The child is not reaped yet, so its group id cannot belong to another group.
        kill(-id, SIGKILL)
        takeOutput()
        var status: Int32 = 0
        _ = hub_process_poll(id, &status)
        if let reason = reason ?? read.failure { throw reason }
        return Subprocess.Outcome(
            status: status, output: read.finish(), errors: String(decoding: complaints, as: UTF8.self))
    }

    private func whyToEnd(_ cancellation: Cancellation) -> (any Error)? {
        if cancellation.isSet { return CancellationError() }
        return read.failure ?? (deadline <= .now ? SubprocessError.timedOut : nil)
    }

    private func waitForNews() {
        var descriptors = [watch, output.watched, errors.watched].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        poll(&descriptors, nfds_t(descriptors.count), Self.lookMilliseconds)
    }

    private mutating func takeOutput() {
        if let bytes = output.read() { read.take(bytes) }
        if let bytes = errors.read() {
            complaints.append(contentsOf: bytes)
            complaints.removeFirst(max(0, complaints.count - limits.errorsBytesKept))
        }
    }
}

/// Receives the output of a program.
private struct OutputReader {
    let bytesMax: Int
    let onLine: (@Sendable (String) -> Void)?
    private(set) var failure: SubprocessError?
    /// The whole output, or the current incomplete line.
    private var bytes: [UInt8] = []

    init(bytesMax: Int, onLine: (@Sendable (String) -> Void)?) {
        self.bytesMax = bytesMax
        self.onLine = onLine
    }

    mutating func take(_ more: [UInt8]) {
        // Excess output is read and dropped, so that a program asked to stop can finish writing.
        if failure != nil { return }
        bytes.append(contentsOf: more)
        if let onLine {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for line in lines.dropLast() { onLine(String(decoding: line, as: UTF8.self)) }
            bytes = lines.last.map(Array.init) ?? []
        }
        if bytes.count > bytesMax {
            failure = .tooMuchOutput
            bytes = []
        }
    }

    /// The whole output at the end; empty when lines were passed on.
    func finish() -> [UInt8] {
        guard let onLine else { return bytes }
        if !bytes.isEmpty { onLine(String(decoding: bytes, as: UTF8.self)) }
        return []
    }
}
