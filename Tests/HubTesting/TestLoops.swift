public import EventLoop
internal import Foundation
internal import Synchronization
internal import Testing
internal import ThreadSanitizer

/// Shared by all tests of a process.
public enum TestLoops {
    /// Two loops for the whole test process.
    ///
    /// A job that occupies one of them for more than 20 ms fails the test run.
    public static let shared: EventLoopGroup = {
        do {
            let group = try EventLoopGroup(count: 2, name: "test")
            #if DEBUG
            StallReporter.onStall(StallCheck.judge)
            #endif
            return group
        } catch {
            fatalError("no event loop: \(error)")
        }
    }()
}

#if DEBUG
/// Turns stalls into failures, except those caused by a busy machine.
///
/// Work that burns processor time over the limit fails at its second stall (the first time round, debug builds look up types and
/// symbols). Work that only took long fails when it does so again and again on a machine with time to spare: on a crowded one,
/// whoever holds a lock of the allocator, or of the kernel's for memory, may be put aside with it. Under the thread sanitizer nothing
/// is judged: everything takes ten times as long, and threads wait for its own locks.
private enum StallCheck {
    private static let stalls = Mutex<[String: Int]>([:])
    private static let slowCountMax = 5

    static func judge(_ stall: Stall) {
        if hub_has_thread_sanitizer() { return }
        let count = stalls.withLock { stalls in
            stalls[stall.work, default: 0] += 1
            return stalls[stall.work, default: 0]
        }
        let hasBurnt = stall.computedMilliseconds * 1_000_000 > StallReporter.limitNanoseconds
        if !hasBurnt, isOverloaded() { return }
        guard count > (hasBurnt ? 1 : slowCountMax) else { return }
        Issue.record("\(stall), and not for the first time")
    }

    private static func isOverloaded() -> Bool {
        var load = 0.0
        return getloadavg(&load, 1) != 1 || load > 2 * Double(ProcessInfo.processInfo.activeProcessorCount)
    }
}
#endif
