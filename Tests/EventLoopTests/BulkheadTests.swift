@testable import EventLoop
import HubTesting
import Testing

@Suite struct BulkheadTests {
    private let clock = TestClock()

    private func bulkhead(_ inFlightMax: Int, pace: Duration) -> Bulkhead {
        Bulkhead(inFlightMax: inFlightMax, waitMax: .seconds(2), pace: pace, uptime: { [clock] in clock.uptime })
    }

    /// Stands in line until it is given a place.
    private func waiter(_ bulkhead: Bulkhead) async throws -> Task<Void, any Error> {
        let before = bulkhead.counts.waiting
        let task = TestLoops.shared.next().start("a waiter") { try await bulkhead.enter() }
        try await eventually { bulkhead.counts.waiting == before + 1 }
        return task
    }

    @Test func `only as many jobs wait as can finish in time, and the next is refused at once`() async throws {
        let bulkhead = bulkhead(1, pace: .milliseconds(500))
        try await bulkhead.enter()
        var line: [Task<Void, any Error>] = []
        for _ in 0..<3 { line.append(try await waiter(bulkhead)) }
        await #expect(throws: Bulkhead.Full(retryAfterSeconds: 3)) { try await bulkhead.enter() }
        for waiter in line {
            bulkhead.leave(isDone: true)
            try await waiter.value
        }
        bulkhead.leave(isDone: true)
        #expect(bulkhead.counts == (0, 0))
    }

    @Test func `the queue length follows the measured speed`() async throws {
        let bulkhead = bulkhead(1, pace: .seconds(10))
        for _ in 0..<200 {
            try await bulkhead.enter()
            clock.advance(by: 0.1)
            bulkhead.leave(isDone: true)
        }
        try await bulkhead.enter()
        var line: [Task<Void, any Error>] = []
        for _ in 0..<18 { line.append(try await waiter(bulkhead)) }
        await #expect(throws: Bulkhead.Full.self) { try await bulkhead.enter() }
        for waiter in line {
            bulkhead.leave(isDone: true)
            try await waiter.value
        }
    }

    @Test func `one pause of the machine does not close the queue`() async throws {
        let bulkhead = bulkhead(1, pace: .milliseconds(100))
        try await bulkhead.enter()
        clock.advance(by: 3_600)
        bulkhead.leave(isDone: true)
        try await bulkhead.enter()
        var line: [Task<Void, any Error>] = []
        for _ in 0..<10 { line.append(try await waiter(bulkhead)) }
        for waiter in line {
            bulkhead.leave(isDone: true)
            try await waiter.value
        }
    }

    @Test func `unfinished and unqueued work does not change the measured speed`() async throws {
        let bulkhead = bulkhead(2, pace: .seconds(1))
        for isDone in [true, false] {
            for _ in 0..<200 {
                try await bulkhead.enter()
                // The second place is taken, but nothing done.
                if !isDone { try await bulkhead.enter() }
                bulkhead.leave(isDone: isDone)
                if !isDone { bulkhead.leave(isDone: isDone) }
            }
        }
        try await bulkhead.enter()
        try await bulkhead.enter()
        await #expect(throws: Bulkhead.Full(retryAfterSeconds: 3)) { try await bulkhead.enter() }
    }

    @Test func `a cancelled job leaves the queue, and one that waited too long is refused`() async throws {
        let bulkhead = bulkhead(1, pace: .milliseconds(100))
        try await bulkhead.enter()
        let gone = try await waiter(bulkhead)
        gone.cancel()
        await #expect(throws: CancellationError.self) { try await gone.value }
        #expect(bulkhead.counts == (1, 0))
        let late = try await waiter(bulkhead)
        clock.advance(by: 5)
        let next = try await waiter(bulkhead)
        bulkhead.leave(isDone: false)
        await #expect(throws: Bulkhead.Full.self) { try await late.value }
        try await next.value
        #expect(bulkhead.counts == (1, 0))
    }

    @Test func `the number of running jobs never exceeds the places`() async throws {
        let bulkhead = bulkhead(4, pace: .zero)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await bulkhead.enter()
                    #expect(bulkhead.counts.inFlight <= 4)
                    await Task.yield()
                    bulkhead.leave(isDone: true)
                }
            }
            try await group.waitForAll()
        }
        #expect(bulkhead.counts == (0, 0))
    }
}
