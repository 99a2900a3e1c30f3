import EventLoop
import HubTesting
import Testing

@Suite struct SignalTests {
    /// Whether it wakes the one who waits now or is kept for the next, no signal is lost to a wait that ends just then.
    @Test func `a signal given as time runs out is heard now or by the next wait`() async throws {
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

    @Test func `a wait that is cancelled ends, and takes no signal with it`() async throws {
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
