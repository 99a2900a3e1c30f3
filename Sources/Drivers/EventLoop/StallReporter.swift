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
    public let milliseconds: Int64
    public var description: String { "loop '\(loop)' was held \(milliseconds) ms by \(work)" }
}

/// Debug builds measure every job and callback of a loop and report what holds it too long.
///
/// What counts is the time from begin to end without the time the thread waited, ready to run, for a processor: computing and
/// blocking count, being put aside by the system for others does not.
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
        let held = (after.clock - before.clock) - (after.waited - before.waited)
        guard held > Self.limitNanoseconds else { return }
        let work = names[description] ?? description
        let stall = Stall(loop: loop, work: work, milliseconds: held / 1_000_000)
        let handler = ownHandler.withLock { $0 } ?? Self.handler.withLock { $0 }
        handler(stall)
    }

    private func forgetEnded() {
        if let ended { names[ended] = nil }
        ended = nil
    }

    private struct Reading {
        let waited = hub_thread_waited()
        let clock: Int64

        init() {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            clock = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        }
    }
}
#endif
