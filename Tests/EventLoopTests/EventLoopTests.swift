import EventLoop
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct EventLoopTests {
    @Test func `a task started on a loop runs and resumes on its thread`() async throws {
        let loop = try EventLoop(name: "test")
        let visits = try await loop.run("visits") {
            var visits = [loop.isCurrent]
            try await loop.sleep(for: .zero)
            visits.append(loop.isCurrent)
            await Task.yield()
            visits.append(loop.isCurrent)
            return visits
        }
        #expect(visits == [true, true, true])
        #expect(EventLoop.current == nil)
        await loop.shutdown()
    }

    @Test func `child tasks stay on the loop of their parent`() async throws {
        let loop = try EventLoop(name: "test")
        let all = try await loop.run("children") {
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 { group.addTask { loop.isCurrent } }
                return await group.reduce(true) { $0 && $1 }
            }
        }
        #expect(all)
        await loop.shutdown()
    }

    @Test func `an actor of the loop runs on the thread of the loop, whoever calls`() async throws {
        let loop = try EventLoop(name: "test")
        let counter = LoopCounter(loop)
        await counter.increment()
        try await loop.run("enter") { await counter.increment() }
        #expect(await counter.value == 2)
        #expect(await counter.strayCalls == 0)
        await loop.shutdown()
    }

    @Test func `work queued from many threads is all run`() async throws {
        let loop = try EventLoop(name: "test")
        let counter = LoopCounter(loop)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask { for _ in 0..<500 { await counter.increment() } }
            }
        }
        #expect(await counter.value == 10_000)
        await loop.shutdown()
    }

    @Test func `a cancelled sleep ends at once with a cancellation error`() async throws {
        let loop = try EventLoop(name: "test")
        let task = loop.start("sleeper") { try await loop.sleep(for: .seconds(3_600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await loop.shutdown()
    }

    @Test func `timers fire in the order of their times`() async throws {
        let loop = try EventLoop(name: "test")
        let (fired, timers) = AsyncStream.makeStream(of: Int.self)
        try await loop.run("timers") {
            // Within a callback the loop's time stands still: however slow the machine, all delays begin at once.
            _ = try loop.schedule(after: .zero) {
                for delay in [30, 10, 20, 0] {
                    _ = try? loop.schedule(after: .milliseconds(delay)) { timers.yield(delay) }
                }
            }
        }
        let order = await fired.prefix(4).reduce(into: []) { $0.append($1) }
        #expect(order == [0, 10, 20, 30])
        await loop.shutdown()
    }

    @Test func `a watch reports a readable descriptor until it is cancelled`() async throws {
        let loop = try EventLoop(name: "test")
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        let reports = try await loop.run("watch") {
            let (seen, watches) = AsyncStream.makeStream(of: String.self)
            func watch(_ name: String) throws -> Watch {
                try loop.watch(reader, for: .read) { _ in
                    var byte: UInt8 = 0
                    if read(reader, &byte, 1) == 1 { watches.yield(name) }
                }
            }
            var byte: UInt8 = 1
            var reports: [String] = []
            var iterator = seen.makeAsyncIterator()
            let first = try watch("first")
            for _ in 1...3 {
                _ = write(writer, &byte, 1)
                reports.append(await iterator.next() ?? "")
            }
            first.cancel()
            first.cancel()
            _ = write(writer, &byte, 1)
            // The second one reads the data that the first would still have read.
            let second = try watch("second")
            reports.append(await iterator.next() ?? "")
            second.cancel()
            return reports
        }
        #expect(reports == ["first", "first", "first", "second"])
        close(reader)
        close(writer)
        await loop.shutdown()
    }

    @Test func `a descriptor that cannot be watched is a typed error`() async throws {
        let loop = try EventLoop(name: "test")
        await #expect(throws: EventLoopError.self) {
            try await loop.run("bad descriptor") { _ = try loop.watch(-1, for: .read) { _ in } }
        }
        await loop.shutdown()
    }

    @Test func `a time-out cancels the work and throws its own error`() async throws {
        struct TooLong: Error {}
        let loop = try EventLoop(name: "test")
        let cancelled = Atomic(false)
        await #expect(throws: TooLong.self) {
            try await withTimeout(.milliseconds(5), on: loop, onTimeout: { TooLong() }) {
                do {
                    try await loop.sleep(for: .seconds(3_600))
                } catch {
                    cancelled.store(true, ordering: .relaxed)
                    throw error
                }
            }
        }
        let wasCancelled = cancelled.load(ordering: .relaxed)
        #expect(wasCancelled)
        let value = try await withTimeout(.seconds(60), on: loop, onTimeout: { TooLong() }) { 7 }
        #expect(value == 7)
        await loop.shutdown()
    }
}

/// An actor that lives on a loop.
private actor LoopCounter {
    private let loop: EventLoop
    private(set) var value = 0
    init(_ loop: EventLoop) { self.loop = loop }
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private(set) var strayCalls = 0
    func increment() {
        value += 1
        if !loop.isCurrent { strayCalls += 1 }
    }
}
