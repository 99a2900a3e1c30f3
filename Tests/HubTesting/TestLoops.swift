public import EventLoop
internal import Foundation
internal import Synchronization
internal import Testing

/// What all tests of a process share.
public enum TestLoops {
    /// Two loops for the whole test process.
    ///
    /// Whatever holds one of them for longer than 20 ms becomes a failure of the test run.
    public static let shared: EventLoopGroup = {
        do {
            let group = try EventLoopGroup(count: 2, name: "test")
            #if DEBUG
            for loop in group.loops { StallCheck.watch(loop) }
            StallReporter.onStall(StallCheck.judge)
            #endif
            return group
        } catch {
            fatalError("no event loop: \(error)")
        }
    }()
}

#if DEBUG
/// Turns stalls into failures, except those a busy machine is to blame for.
///
/// The reporter cannot tell a blocking call from time without a processor, or from a wait of the kernel's own for memory, when
/// these occur in one job. Work that burns processor time over the limit fails at its second stall (the first time round, debug
/// builds look up types and symbols); work that only took long fails when it does so again and again on a machine with time to
/// spare: on a crowded one, whoever holds a lock of the allocator may be put aside with it.
private enum StallCheck {
    private struct Reading {
        var cpu: Int64
        /// Ready to run, without a processor to run on.
        var waited: Int64
    }

    /// When each loop last turned in time.
    private static let readings = Mutex<[String: Reading]>([:])
    private static let stalls = Mutex<[String: Int]>([:])
    private static let interval = Duration.milliseconds(5)
    private static let slowCountMax = 5

    static func watch(_ loop: EventLoop) {
        loop.start("stall check") {
            while true {
                let reading = read()
                readings.withLock { $0[loop.name] = reading }
                try await loop.sleep(for: interval)
            }
        }
    }

    static func judge(_ stall: Stall) {
        let now = read()
        let before = readings.withLock { readings in
            defer { readings[stall.loop] = now }
            return readings[stall.loop] ?? now
        }
        let limit = StallReporter.limitNanoseconds
        guard stall.milliseconds * 1_000_000 - (now.waited - before.waited) > limit else { return }
        let count = stalls.withLock { stalls in
            stalls[stall.work, default: 0] += 1
            return stalls[stall.work, default: 0]
        }
        let burnt = now.cpu - before.cpu
        if burnt <= limit, isOverloaded() { return }
        guard count > (burnt > limit ? 1 : slowCountMax) else { return }
        Issue.record("\(stall), \(burnt / 1_000_000) ms of it at work, and not for the first time")
    }

    private static func isOverloaded() -> Bool {
        var load = 0.0
        return getloadavg(&load, 1) != 1 || load > 2 * Double(ProcessInfo.processInfo.activeProcessorCount)
    }

    /// Of the calling thread, in nanoseconds; what the kernel does not say is 0.
    private static func read() -> Reading {
        guard let file = fopen("/proc/thread-self/schedstat", "r") else { return Reading(cpu: 0, waited: 0) }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return Reading(cpu: 0, waited: 0) }
        let fields = line.prefix { $0 != 0 }.split(separator: CChar(UInt8(ascii: " "))).map { field in
            Int64(String(decoding: field.map { UInt8(bitPattern: $0) }, as: UTF8.self)) ?? 0
        }
        return fields.count >= 2 ? Reading(cpu: fields[0], waited: fields[1]) : Reading(cpu: 0, waited: 0)
    }
}
#endif
