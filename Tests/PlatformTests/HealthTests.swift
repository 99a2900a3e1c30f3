import EventLoop
import HTTP
import HubTesting
import Observability
@testable import Platform
import Synchronization
import Testing

@Suite struct HealthTests {
    /// A part whose check is counted, and goes on for as long as it is held.
    private final class Part: Sendable {
        private struct State {
            var checkCount = 0
            var askerCount = 0
            var isHeld: Bool
            var wasCancelled = false
        }
        private let state: Mutex<State>

        init(isHeld: Bool = false) { state = Mutex(State(isHeld: isHeld)) }

        var checkCount: Int { state.withLock { $0.checkCount } }
        /// How many have set out to ask.
        var askerCount: Int { state.withLock { $0.askerCount } }
        var wasCancelled: Bool { state.withLock { $0.wasCancelled } }
        func letGo() { state.withLock { $0.isHeld = false } }

        func check() async throws {
            state.withLock { $0.checkCount += 1 }
            try await withTaskCancellationHandler {
                try await eventually("the check is let go") { !state.withLock { $0.isHeld } }
            } onCancel: {
                state.withLock { $0.wasCancelled = true }
            }
        }

        /// The page of a service that has this part.
        func page(kept: Duration, checkTimeMax: Duration = .seconds(3_600)) -> Page {
            var router = Router()
            let check = HealthCheck("part") { try await self.check() }
            HealthRoutes(TestLoops.shared, Metrics(), checks: [check], readyKept: kept, checkTimeMax: checkTimeMax).add(
                to: &router, for: .operators)
            return Page(part: self, router: router)
        }

        func willBeAsked() { state.withLock { $0.askerCount += 1 } }
    }

    private struct Page: Sendable {
        let part: Part
        let router: Router

        func ask() async -> Int {
            part.willBeAsked()
            return await answer().status
        }

        func answer() async -> (status: Int, text: String) {
            let response = await router.respond(to: HTTPRequest(.get, "/health/ready"))
            let bytes = (try? await response.body.collect(bytesMax: 10_000)) ?? []
            return (response.status.code, String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func `concurrent readiness requests share one check`() async throws {
        let part = Part(isHeld: true), page = part.page(kept: .seconds(3_600))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { await page.ask() } }
            try await eventually { part.checkCount > 0 && part.askerCount == 50 }
            part.letGo()
            for try await status in group { #expect(status == 200) }
        }
        #expect(part.checkCount == 1)
    }

    @Test func `a cancelled readiness request does not cancel the check of others`() async throws {
        let part = Part(isHeld: true), page = part.page(kept: .seconds(3_600))
        let leaving = TestLoops.shared.next().start("a client that leaves") { await page.ask() }
        try await eventually { part.checkCount == 1 }
        let staying = TestLoops.shared.next().start("a client that stays") { await page.ask() }
        leaving.cancel()
        part.letGo()
        #expect(try await staying.value == 200)
        #expect(part.checkCount == 1)
        #expect(!part.wasCancelled)
    }

    @Test func `a part that hangs is reported without waiting, and checked only once`()
        async throws
    {
        let part = Part(isHeld: true), page = part.page(kept: .zero, checkTimeMax: .milliseconds(1))
        for _ in 0..<5 {
            let answer = await page.answer()
            #expect(answer.status == 503)
            #expect(answer.text.contains(#""part":"failing""#), "\(answer.text)")
            #expect(answer.text.contains("no answer within"), "\(answer.text)")
        }
        #expect(part.checkCount == 1)
        part.letGo()
        try await eventually { await page.ask() == 200 }
    }

    @Test func `a readiness result is cached`() async {
        let part = Part(), page = part.page(kept: .seconds(3_600))
        for _ in 0..<10 { #expect(await page.ask() == 200) }
        #expect(part.checkCount == 1)
    }

    @Test func `a readiness result expires soon`() async throws {
        let part = Part(), page = part.page(kept: .milliseconds(1))
        try await eventually {
            #expect(await page.ask() == 200)
            return part.checkCount >= 3
        }
    }

    private struct OutOfOrder: Error, CustomStringConvertible { let description = "out of order" }

    @Test func `the public response shows the state, but no parts and no metrics`() async throws {
        let metrics = Metrics(process: false)
        let check = HealthCheck("part") { throw OutOfOrder() }
        let measure = HealthCheck("measure") { metrics.gauge("measured", help: "A gauge.").set(7) }
        let routes = HealthRoutes(TestLoops.shared, metrics, checks: [check], measures: [measure])
        var open = Router(), closed = Router()
        routes.add(to: &open, for: .everybody)
        routes.add(to: &closed, for: .operators)
        func ask(_ router: Router, _ target: String) async throws -> String {
            let answer = await router.respond(to: HTTPRequest(.get, target))
            let bytes = try await answer.body.collect(bytesMax: 100_000)
            return "\(answer.status.code) \(String(decoding: bytes, as: UTF8.self))"
        }
        #expect(try await ask(open, "/health/ready") == #"503 {"status":"not-ready"}"#)
        #expect(
            try await ask(closed, "/health/ready")
                == #"503 {"checks":{"part":"failing"},"reasons":{"part":"out of order"},"status":"not-ready"}"#)
        #expect(try await ask(open, "/metrics").hasPrefix("404"))
        // It is measured when somebody asks.
        #expect(try await ask(closed, "/metrics").contains("measured 7"))
    }
}
