import Dispatch
import EventLoop
import HubTesting
import Testing

@Suite struct BlockingPoolTests {
    @Test func `work runs off the loop and its result and errors come back to the loop`() async throws {
        struct Broken: Error {}
        let loop = try EventLoop(name: "test")
        let pool = try BlockingPool(name: "pool", threadCount: 2, queueCountMax: 10)
        let (offLoop, back) = try await loop.run("work") {
            let offLoop = try await pool.run { EventLoop.current == nil }
            return (offLoop, loop.isCurrent)
        }
        #expect(offLoop)
        #expect(back)
        await #expect(throws: Broken.self) { try await pool.run { throw Broken() } }
        pool.shutdown()
        await loop.shutdown()
    }

    @Test func `a full queue refuses more work instead of growing`() async throws {
        let pool = try BlockingPool(name: "pool", threadCount: 1, queueCountMax: 1)
        let gate = Gate()
        async let running: Void = pool.run { gate.wait() }
        await gate.waitUntilEntered()
        // One of the two waits. The gate is closed, so only the refused one can return first.
        let outcomes = await withTaskGroup(of: String.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do {
                        return try await pool.run { "ran" }
                    } catch {
                        return "\(error)"
                    }
                }
            }
            var outcomes = [await group.next()]
            gate.open()
            outcomes.append(await group.next())
            return outcomes
        }
        #expect(outcomes == ["busy", "ran"])
        try await running
        pool.shutdown()
    }

    @Test func `threads for CPU-intensive work have a lower priority, others do not`() async throws {
        let other = try BlockingPool(name: "other", threadCount: 1, queueCountMax: 1)
        let burning = try BlockingPool(name: "burning", threadCount: 1, queueCountMax: 1, givesWay: true)
        let later = try await burning.run {
            try BlockingPool(name: "later", threadCount: 1, queueCountMax: 1, givesWay: true)
        }
        let usual = niceness(), most = 19
        #expect(try await other.run { niceness() } == usual)
        #expect(try await burning.run { niceness() } == min(usual + 10, most))
        #expect(try await later.run { niceness() } == min(usual + 20, most))
        for pool in [other, burning, later] { pool.shutdown() }
    }

    @Test func `work cancelled while it waits is never run`() async throws {
        let pool = try BlockingPool(name: "pool", threadCount: 1, queueCountMax: 8)
        let gate = Gate()
        async let running: Void = pool.run { gate.wait() }
        await gate.waitUntilEntered()
        let outcome = await withTaskGroup(of: String.self) { group in
            group.addTask {
                do {
                    return try await pool.run { "ran" }
                } catch {
                    return "\(type(of: error))"
                }
            }
            group.cancelAll()
            gate.open()
            return await group.next()
        }
        #expect(outcome == "CancellationError")
        try await running
        pool.shutdown()
    }
}

/// Blocks a thread of the pool until the test releases it.
private final class Gate: Sendable {
    private let entered = AsyncStream.makeStream(of: Void.self)
    private let opened = DispatchSemaphore(value: 0)
    func wait() {
        entered.continuation.yield()
        opened.wait()
    }
    func waitUntilEntered() async { for await _ in entered.stream { return } }
    func open() { opened.signal() }
}
