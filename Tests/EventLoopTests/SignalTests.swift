import EventLoop
import HubTesting
import Testing

@Suite struct SignalTests {
    /// A signal wakes the current waiter or is kept for the next one; none is lost to a wait that ends at the same time.
    @Test func `a signal at the time limit ends this wait or the next`() async throws {
        let loop = TestLoops.shared.loops[0], other = TestLoops.shared.loops[1]
        let heardAtOnce = try await loop.run("waits") {
            var heardAtOnce = 0
            for round in 0..<2_000 {
                let signal = Signal()
                let setting = other.start("signal") {
                    for _ in 0..<round % 40 { await Task.yield() }
                    signal.set()
                }
                if await signal.wait(atMost: .microseconds(round % 50), on: loop) {
                    heardAtOnce += 1
                } else {
                    _ = await setting.result
                    #expect(await signal.wait(atMost: .seconds(20), on: loop))
                }
                _ = await setting.result
            }
            return heardAtOnce
        }
        // Both happen, so the moment between them was met too.
        #expect((1..<2_000).contains(heardAtOnce))
    }

    @Test func `a cancelled wait ends without consuming a signal`() async throws {
        let loop = TestLoops.shared.loops[0]
        let signal = Signal()
        let waiting = loop.start("wait") { await signal.wait() }
        try await loop.run("turn") {}
        waiting.cancel()
        #expect(try await waiting.value == false)
        signal.set()
        #expect(await signal.wait())
    }
}
