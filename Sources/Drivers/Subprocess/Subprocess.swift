public import EventLoop

/// A program run to completion within limits. It inherits no descriptor, environment variable or terminal, only what is given here.
///
/// It runs in its own process group. The whole group has ended when ``run(on:onLine:)`` returns, however the program ended: also when the
/// task is cancelled, and on Linux when this process is killed.
public struct Subprocess: Sendable {
    /// The resource limits of a program.
    public struct Limits: Sendable {
        /// The elapsed time.
        public var timeMax: Duration
        /// CPU time of all its threads; nil for no limit.
        public var cpuSecondsMax: Int?
        /// Address space, which is larger than the memory in use; nil for no limit.
        public var memoryBytesMax: Int?
        /// The size of each file it writes; nil for no limit.
        public var fileBytesMax: Int?
        /// Bytes of standard output, or of the longest line when lines are passed on.
        public var outputBytesMax = 1024 * 1024
        /// How many bytes of the end of standard error are kept.
        public var errorsBytesKept = 8 * 1024
        /// The grace period between SIGTERM and SIGKILL.
        public var endTime: Duration = .seconds(2)

        public init(timeMax: Duration) { self.timeMax = timeMax }
    }

    /// The result of a program that ended by itself.
    public struct Outcome: Sendable, Equatable {
        /// The exit status: 0 for success; 128 plus the signal number when a signal ended it.
        public let status: Int32
        /// Standard output; empty when lines were passed on.
        public let output: [UInt8]
        /// The end of standard error, as text.
        public let errors: String
    }

    /// The path of the executable; PATH is not searched.
    public var path: String
    public var arguments: [String]
    public var environment: [String: String] = [:]
    /// The working directory.
    public var folder = "/"
    /// The user to run as, when this process runs as root; nil for the user of this process.
    public var user: String?
    /// Standard input.
    public var input: [UInt8] = []
    public var limits: Limits

    public init(_ path: String, _ arguments: [String] = [], limits: Limits) {
        self.path = path
        self.arguments = arguments
        self.limits = limits
    }

    /// Runs the program.
    /// - Parameters:
    ///   - pool: one of its threads waits for the program, which inherits the thread's priority.
    ///   - onLine: called on that thread for each line of output.
    /// - Throws: ``SubprocessError`` when the program could not be started or was killed, `CancellationError`, and what the pool throws.
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

    /// As ``run(on:onLine:)``, on the calling thread, which must not be a loop's.
    public func runBlocking() throws -> Outcome { try finish(unless: Cancellation(), nil) }

    private func finish(
        unless cancellation: Cancellation, _ onLine: (@Sendable (String) -> Void)?
    ) throws -> Outcome {
        var program = try RunningProgram(self, onLine)
        return try program.finish(unless: cancellation)
    }
}

/// Why a program has no result.
public enum SubprocessError: Error, Sendable, Equatable {
    /// The executable is missing or not executable, or no resources are available.
    case notStarted(path: String, reason: String)
    /// Killed: it ran longer than ``Subprocess/Limits/timeMax``.
    case timedOut
    /// Killed: it wrote more than ``Subprocess/Limits/outputBytesMax``.
    case tooMuchOutput
}
