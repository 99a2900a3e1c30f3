#if DEBUG
internal import CEvent
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A job or callback that occupied its loop for longer than ``StallReporter/limitNanoseconds``.
public struct Stall: Sendable, CustomStringConvertible {
    public let loop: String
    /// The name given to ``EventLoop/start(_:_:)``, or the kind of callback.
    public let work: String
    /// How long the loop was occupied.
    public let milliseconds: Int64
    /// How much of that time was spent on a CPU; the rest was spent blocked.
    public let computedMilliseconds: Int64

    public var description: String {
        "loop '\(loop)' was held \(milliseconds) ms by \(work), \(computedMilliseconds) ms of it on a processor"
    }
}

/// Debug builds measure every job and callback of a loop and report those that exceed the limit.
///
/// CPU time and blocking count; time during which the scheduler ran other threads does not. For a job that never slept, the measured time
/// is its CPU time. For a job that slept, it is the elapsed time minus the time the thread spent runnable but waiting for a CPU.
// @unchecked: `names` is touched on the loop's thread alone.
public final class StallReporter: @unchecked Sendable {
    public static let limitNanoseconds: Int64 = 20_000_000
    private static let handler = Mutex<@Sendable (Stall) -> Void>({ stall in
        let line = Array("stall: \(stall)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    })

    /// Replaces the report of stalls of any loop; the default writes to standard error.
    public static func onStall(_ body: @escaping @Sendable (Stall) -> Void) { handler.withLock { $0 = body } }

    private let ownHandler = Mutex<(@Sendable (Stall) -> Void)?>(nil)

    /// Replaces the report of stalls of this loop only.
    public func onStall(_ body: @escaping @Sendable (Stall) -> Void) { ownHandler.withLock { $0 = body } }

    private var names: [String: String] = [:]
    private var currentJob: String?
    /// The task that ended in the current job; its name is kept until the job is measured.
    private var ended: String?
    private var depth = 0

    /// Names the task of the current job. A job's description contains the task's id, which is the same for all jobs of the task.
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
