import EventLoop
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

#if DEBUG
@Suite struct StallReporterTests {
    @Test func `a job that blocks a loop is reported by its name`() async throws {
        let loop = try EventLoop(name: "stalled")
        let seen = Mutex<[Stall]>([])
        loop.stalls.onStall { stall in seen.withLock { $0.append(stall) } }
        try await loop.run("a blocking read") { usleep(60_000) }
        try await loop.run("a busy computation") {
            let end = processorSeconds() + 0.1
            while processorSeconds() < end {}
        }
        try await loop.run("an honest wait") { try await loop.sleep(for: .milliseconds(60)) }
        await loop.shutdown()
        #expect(seen.withLock { $0.map(\.work) } == ["a blocking read", "a busy computation"])
    }

    /// Of this thread.
    private func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
#endif
