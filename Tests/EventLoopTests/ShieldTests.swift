import EventLoop
import HubTesting
import Synchronization
import Testing

@Suite struct ShieldTests {
    /// Work that runs until it is released or cancelled.
    private final class Work: Sendable {
        private struct State {
            var hasBegun = false
            var isHeld = true
            var wasCancelled = false
        }
        private let state = Mutex(State())
        var hasBegun: Bool { state.withLock { $0.hasBegun } }
        var wasCancelled: Bool { state.withLock { $0.wasCancelled } }
        func letGo() { state.withLock { $0.isHeld = false } }

        func run() async throws -> Int {
            state.withLock { $0.hasBegun = true }
            try await withTaskCancellationHandler {
                try await eventually { !state.withLock { $0.isHeld } || wasCancelled }
            } onCancel: {
                state.withLock { $0.wasCancelled = true }
            }
            return 7
        }
    }

    private let loop = TestLoops.shared.loops[0]

    @Test func `shielded work continues when its caller is cancelled, and returns its result`() async throws {
        let work = Work(), loop = loop
        let caller = loop.start("caller") {
            try await loop.shielded("work", within: .seconds(3_600)) { try await work.run() }
        }
        try await eventually { work.hasBegun }
        caller.cancel()
        work.letGo()
        #expect(try await caller.value == 7)
        #expect(!work.wasCancelled)
    }

    @Test func `shielded work over its time limit is cancelled`() async throws {
        let work = Work(), loop = loop
        let caller = loop.start("caller") {
            try await loop.shielded("work", within: .milliseconds(1)) { try await work.run() }
        }
        try await eventually { work.hasBegun }
        caller.cancel()
        try await eventually { work.wasCancelled }
        _ = await caller.result
    }
}
