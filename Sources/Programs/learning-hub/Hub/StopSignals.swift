internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// SIGINT and SIGTERM. The first signal is for an orderly stop; the second ends the process at once.
final class StopSignals {
    private let signals: SignalHandler
    private let stream: AsyncStream<Int32>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        let first = FirstSignal()
        signals = SignalHandler(of: [SIGINT, SIGTERM]) { number in
            if first.isRepeated() { _exit(128 + number) }
            continuation.yield(number)
        }
    }

    /// Returns at the first signal.
    func first() async { for await _ in stream { return } }

    /// Runs `work` until the first signal.
    /// - Returns: whether the work ended before that.
    /// - Throws: what `work` throws before that.
    @discardableResult
    func first(during work: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        let stream = stream
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in stream { break }
                return false
            }
            group.addTask {
                try await work()
                return true
            }
            defer { group.cancelAll() }
            return try await group.next() ?? true
        }
    }
}

private final class FirstSignal: Sendable {
    /// One signal may arrive twice: from the terminal and a program that forwards it.
    private static let echo: Duration = .milliseconds(500)
    private let time = Mutex<ContinuousClock.Instant?>(nil)

    func isRepeated() -> Bool {
        let now = ContinuousClock.now
        return time.withLock { time in
            guard let first = time else {
                time = now
                return false
            }
            return first.duration(to: now) > Self.echo
        }
    }
}
