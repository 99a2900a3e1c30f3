public import EventLoop

/// A program to run to its end, within limits and with nothing of ours but what is named here: no descriptor, no setting, no terminal.
///
/// It runs in a process group of its own, and the whole group is gone when ``run(on:onLine:)`` returns, whatever it started and however
/// it ended: also when the task is cancelled, and on Linux when this process is killed.
public struct Subprocess: Sendable {
    /// What a program may use.
    public struct Limits: Sendable {
        /// From its start to its end.
        public var timeMax: Duration
        /// Of processor time, in all its threads together; nil for no limit.
        public var cpuSecondsMax: Int?
        /// Of address space, which is more than what it touches; nil for no limit.
        public var memoryBytesMax: Int?
        /// Of any one file it writes; nil for no limit.
        public var fileBytesMax: Int?
        /// Of what it writes to its output; with lines that are given on, of the longest of them.
        public var outputBytesMax = 1024 * 1024
        /// The end of what it complained, as much as is kept of it.
        public var errorsBytesKept = 8 * 1024
        /// What it is given to end by itself, once it has to, before it is killed.
        public var endTime: Duration = .seconds(2)

        public init(timeMax: Duration) { self.timeMax = timeMax }
    }

    /// How a program ended by itself.
    public struct Outcome: Sendable, Equatable {
        /// 0 when it is content; 128 and the number of the signal when it was killed.
        public let status: Int32
        /// What it wrote; empty when its lines were given on.
        public let output: [UInt8]
        /// The end of what it complained, as text.
        public let errors: String
    }

    /// Where it is; not searched for.
    public var path: String
    public var arguments: [String]
    public var environment: [String: String] = [:]
    /// Where it works.
    public var folder = "/"
    /// Whom it runs as, for a process that runs as root; nil for the user of this process.
    public var user: String?
    /// What it reads.
    public var input: [UInt8] = []
    public var limits: Limits

    public init(_ path: String, _ arguments: [String] = [], limits: Limits) {
        self.path = path
        self.arguments = arguments
        self.limits = limits
    }

    /// Runs the program.
    /// - Parameters:
    ///   - pool: a thread of it waits all the while; the program gives way to others when that thread does.
    ///   - onLine: given each line of its output as it comes, on that thread.
    /// - Throws: ``SubprocessError`` when it could not be started or had to be ended, `CancellationError`, and what the pool throws.
    public func run(
        on pool: BlockingPool, onLine: (@Sendable (String) -> Void)? = nil
    ) async throws -> Outcome {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await pool.run { try finish(unless: cancellation, onLine) }
        } onCancel: {
            cancellation.set()
        }
    }

    /// As ``run(on:onLine:)``, on the calling thread: never a loop's.
    public func runBlocking() throws -> Outcome { try finish(unless: Cancellation(), nil) }

    private func finish(
        unless cancellation: Cancellation, _ onLine: (@Sendable (String) -> Void)?
    ) throws -> Outcome {
        var program = try RunningProgram(self, onLine)
        return try program.finish(unless: cancellation)
    }
}

/// Why there is no outcome of a program.
public enum SubprocessError: Error, Sendable, Equatable {
    /// It is not there, or may not be executed, or the system has no room for it.
    case notStarted(path: String, reason: String)
    /// It was ended: it took longer than ``Subprocess/Limits/timeMax``.
    case timedOut
    /// It was ended: it wrote more than ``Subprocess/Limits/outputBytesMax``.
    case tooMuchOutput
}
