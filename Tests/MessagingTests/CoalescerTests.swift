import EventLoop
import HubTesting
@testable import Messaging
import Synchronization
import Testing

@Suite struct CoalescerTests {
    private struct Odd: Error, Equatable { let number: Int }

    /// Returns ten times an even number; records batches, and blocks each until the gate is opened for it.
    private static func coalescer(
        _ batches: Collected<[Int]>, _ gate: Gate, batchesMax: @escaping @Sendable () -> Int = { 1 },
        weightMax: Int = 100
    ) -> Coalescer<Int, Int> {
        Coalescer(
            "test", on: TestLoops.shared.next(), batchesMax: batchesMax, weightMax: weightMax,
            weigh: { max(1, $0 / 10) }
        ) { numbers in
            let turn = batches.add(numbers)
            do {
                try await gate.wait(turn)
            } catch {
                return numbers.map { _ in .failure(error) }
            }
            return numbers.map { $0 % 2 == 0 ? .success($0 * 10) : .failure(Odd(number: $0)) }
        }
    }

    /// Calls from one job of a loop: it runs none of them before all are in its line.
    private static func calls(
        _ numbers: [Int], of coalescer: Coalescer<Int, Int>
    ) async throws -> [Task<Int, any Error>] {
        let loop = TestLoops.shared.loops[0]
        return try await loop.run("calls") {
            numbers.map { number in loop.start("call \(number)") { try await coalescer.call(number) } }
        }
    }

    @Test func `calls during a running batch share the next one, and each gets its own result`() async throws {
        let batches = Collected<[Int]>(), gate = Gate()
        let coalescer = Self.coalescer(batches, gate)
        let first = try await Self.calls([2], of: coalescer)
        try await eventually { batches.values.count == 1 }
        let others = try await Self.calls([4, 5, 6], of: coalescer)
        // A loop runs its jobs in turn: when this one is through, the calls are in the line.
        try await TestLoops.shared.loops[0].run("turn") {}
        gate.open()
        gate.open()
        #expect(try await first[0].value == 20)
        #expect(try await others[0].value == 40)
        await #expect(throws: Odd(number: 5)) { try await others[1].value }
        #expect(try await others[2].value == 60)
        #expect(batches.values == [[2], [4, 5, 6]])
    }

    @Test func `the weight of a batch is limited, and a heavy call runs alone`() async throws {
        let batches = Collected<[Int]>(), gate = Gate()
        for _ in 0..<10 { gate.open() }
        let coalescer = Self.coalescer(batches, gate, weightMax: 4)
        let calls = try await Self.calls([2, 20, 10, 2, 80, 2], of: coalescer)
        for call in calls { _ = try await call.value }
        #expect(batches.values == [[2, 20, 10], [2], [80], [2]])
    }

    @Test func `the number of concurrent batches is limited, and others wait`() async throws {
        let batches = Collected<[Int]>(), gate = Gate()
        let coalescer = Self.coalescer(batches, gate, batchesMax: { 2 })
        var calls: [Task<Int, any Error>] = []
        for number in [2, 4] {
            calls += try await Self.calls([number], of: coalescer)
            try await eventually { batches.values.joined().contains(number) }
        }
        calls += try await Self.calls([6, 8], of: coalescer)
        try await TestLoops.shared.loops[0].run("turn") {}
        #expect(batches.values == [[2], [4]])
        for _ in 0..<3 { gate.open() }
        for call in calls { _ = try await call.value }
        #expect(batches.values == [[2], [4], [6, 8]])
    }

    @Test func `after a reduction of the limit, batches run one by one and all calls complete`()
        async throws
    {
        let batches = Collected<[Int]>(), gate = Gate(), room = Mutex(2)
        let coalescer = Self.coalescer(batches, gate, batchesMax: { room.withLock { $0 } }, weightMax: 1)
        var calls: [Task<Int, any Error>] = []
        for number in [2, 4] {
            calls += try await Self.calls([number], of: coalescer)
            try await eventually { batches.values.joined().contains(number) }
        }
        calls += try await Self.calls([6, 8], of: coalescer)
        try await TestLoops.shared.loops[0].run("turn") {}
        room.withLock { $0 = 1 }
        // Both running batches end; one starts the next, which waits at the gate, and the other starts none.
        for _ in 0..<2 { gate.open() }
        for call in calls[..<2] { _ = try await call.value }
        try await eventually { batches.values.count == 3 }
        try await TestLoops.shared.loops[0].run("turn") {}
        #expect(batches.values == [[2], [4], [6]])
        for _ in 0..<2 { gate.open() }
        for call in calls { _ = try await call.value }
        #expect(batches.values == [[2], [4], [6], [8]])
    }

    @Test func `a cancelled call returns, and a batch without callers is cancelled`() async throws {
        let batches = Collected<[Int]>(), gate = Gate()
        let coalescer = Self.coalescer(batches, gate)
        let first = try await Self.calls([2, 4], of: coalescer)
        try await eventually { batches.values.count == 1 }
        let waiting = try await Self.calls([6, 8], of: coalescer)
        try await TestLoops.shared.loops[0].run("turn") {}
        waiting[0].cancel()
        await #expect(throws: CancellationError.self) { try await waiting[0].value }
        first[0].cancel()
        await #expect(throws: CancellationError.self) { try await first[0].value }
        // Another call of the batch still waits, so the batch runs until that call is cancelled too.
        #expect(batches.values == [[2, 4]])
        first[1].cancel()
        await #expect(throws: CancellationError.self) { try await first[1].value }
        // The gate was never opened, so only the cancellation of a batch starts the next.
        try await eventually { batches.values == [[2, 4], [8]] }
        gate.open()
        gate.open()
        #expect(try await waiting[1].value == 80)
    }
}
