#if DEBUG
internal import CEvent
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A piece of work that held its loop for longer than ``StallReporter/limitNanoseconds``.
public struct Stall: Sendable, CustomStringConvertible {
    public let loop: String
    /// The name given to ``EventLoop/start(_:_:)``, or the kind of callback.
    public let work: String
    /// How long the loop was held…
    public let milliseconds: Int64
    /// …and how long of it on a processor: the rest was spent waiting for something.
    public let computedMilliseconds: Int64

    public var description: String {
        "loop '\(loop)' was held \(milliseconds) ms by \(work), \(computedMilliseconds) ms of it on a processor"
    }
}

/// Debug builds measure every job and callback of a loop and report what holds it too long.
///
/// What counts is computing and blocking; being put aside for others does not. A piece of work that never went to sleep held the loop
/// for as long as it computed: any other time the system, or the host of a virtual machine, had taken the processor away. For one
/// that slept it is the time from begin to end, less what the thread waited, ready to run, for a processor.
// @unchecked: `names` is touched on the loop's thread alone.
public final class StallReporter: @unchecked Sendable {
    public static let limitNanoseconds: Int64 = 20_000_000
    private static let handler = Mutex<@Sendable (Stall) -> Void>({ stall in
        let line = Array("stall: \(stall)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    })

    /// Replaces what happens on a stall of any loop; by default it is written to standard error.
    public static func onStall(_ body: @escaping @Sendable (Stall) -> Void) { handler.withLock { $0 = body } }

    private let ownHandler = Mutex<(@Sendable (Stall) -> Void)?>(nil)

    /// Replaces what happens on a stall of this loop alone.
    public func onStall(_ body: @escaping @Sendable (Stall) -> Void) { ownHandler.withLock { $0 = body } }

    private var names: [String: String] = [:]
    private var currentJob: String?
    /// The task that ended in the job that runs now: its name is needed until the job is measured.
    private var ended: String?
    private var depth = 0

    /// Names the task whose job runs now; the job's description carries the task's id and is the same for all its jobs.
    func begin(_ name: String) -> String? {
        if let currentJob { names[currentJob] = name }
        return currentJob
    }

    func end(_ job: String?) { ended = job }

    func measure(_ job: @autoclosure () -> String, loop: String, _ body: () -> Void) {
        depth += 1
        defer { depth -= 1 }
        if depth > 1 { return body() }
        let description = job()
        currentJob = description
        let before = Reading()
        body()
        let after = Reading()
        currentJob = nil
        defer { forgetEnded() }
        let (held, computed) = after.held(since: before)
        guard held > Self.limitNanoseconds else { return }
        let stall = Stall(
            loop: loop, work: names[description] ?? description, milliseconds: held / 1_000_000,
            computedMilliseconds: computed / 1_000_000)
        let handler = ownHandler.withLock { $0 } ?? Self.handler.withLock { $0 }
        handler(stall)
    }

    private func forgetEnded() {
        if let ended { names[ended] = nil }
        ended = nil
    }

    private struct Reading {
        private let thread = hub_thread_times()
        private let clock: Int64

        init() {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            clock = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        }

        /// Nanoseconds.
        func held(since before: Reading) -> (held: Int64, computed: Int64) {
            let computed = thread.computed - before.thread.computed
            let hasSlept = thread.sleeps != before.thread.sleeps || thread.sleeps < 0
            guard hasSlept else { return (computed, computed) }
            return ((clock - before.clock) - (thread.waited - before.thread.waited), computed)
        }
    }
}
#endif
