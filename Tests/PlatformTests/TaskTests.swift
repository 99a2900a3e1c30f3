import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Platform

private struct Draw: TaskPayload {
    static let kind = "draw"
    let number: Int
}

private struct Frame: TaskPayload {
    static let kind = "frame"
    let number: Int
}

/// Tasks of a service on a database, done by as many processes as a test wants.
private struct Desk: Sendable {
    let context: ServiceContext
    let clock: TestClock
    let drawn = Mutex2<[Int]>([])

    static func with(
        clock: TestClock = TestClock(), _ body: @escaping @Sendable (Desk) async throws -> Void
    ) async throws {
        let template = TestDatabase.Template(schema: "desk", [PlatformMigrations.service])
        try await TestDatabase.with(template) { test in
            try await body(
                Desk(context: try ServiceContext.make(.course, on: test.database, clock: clock), clock: clock))
        }
    }

    var database: Database { context.database }

    func enqueue(_ number: Int, key: String, dueIn seconds: Double = 0) async throws {
        try await database.transaction { tx in
            try context.tasks.enqueue(
                Draw(number: number), key: key, dueAt: clock.now.addingTimeInterval(seconds), on: tx)
        }
    }

    /// Another process of the service.
    func runner(
        policy: TaskPolicy = TaskPolicy(), limits: TaskLimits = TaskLimits(), jobs: [Job] = [],
        onGivenUp: (@Sendable (Draw, any Error, Transaction) async throws -> Void)? = nil,
        _ perform: @escaping @Sendable (Draw, TaskRun) async throws -> Void
    ) -> TaskRunner {
        TaskRunner(
            [TaskHandler(Draw.self, policy: policy, onGivenUp: onGivenUp, perform)], jobs: jobs, context, limits: limits
        )
    }

    var drawing: TaskRunner { runner { [drawn] draw, _ in drawn.withLock { $0.append(draw.number) } } }

    func states() async throws -> [String] {
        try await database.query("select state from task order by kind, key").map { try $0.decode(String.self) }
    }
}

/// A value shared with closures.
private final class Mutex2<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { value.withLock { body(&$0) } }
}

@Suite struct TaskTests {
    @Test func `a task is done once its transaction has committed, and not when it was rolled back`() async throws {
        try await Desk.with { desk in
            struct Undone: Error {}
            _ = try? await desk.database.transaction { tx in
                try desk.context.tasks.enqueue(Draw(number: 1), key: "a", on: tx)
                throw Undone()
            }
            try await desk.enqueue(2, key: "b")
            #expect(try await desk.drawing.drain() == 1)
            #expect(desk.drawn.withLock { $0 } == [2])
            #expect(try await desk.states() == ["done"])
        }
    }

    @Test func `the same kind and key is one task, also after it is done`() async throws {
        try await Desk.with { desk in
            try await desk.enqueue(1, key: "a")
            try await desk.enqueue(2, key: "a")
            #expect(try await desk.drawing.drain() == 1)
            try await desk.enqueue(3, key: "a")
            #expect(try await desk.drawing.drain() == 0)
            #expect(desk.drawn.withLock { $0 } == [1])
        }
    }

    @Test func `a task waits until it is due`() async throws {
        try await Desk.with { desk in
            try await desk.enqueue(1, key: "a", dueIn: 60)
            #expect(try await desk.drawing.drain() == 0)
            desk.clock.advance(by: 61)
            #expect(try await desk.drawing.drain() == 1)
        }
    }

    @Test func `two processes run each task once`() async throws {
        try await Desk.with { desk in
            for number in 0..<40 { try await desk.enqueue(number, key: "\(number)") }
            async let one = desk.drawing.drain()
            async let other = desk.drawing.drain()
            #expect(try await one + other == 40)
            #expect(desk.drawn.withLock { $0 }.sorted() == Array(0..<40))
        }
    }

    @Test func `a transient error is retried after a pause, and fails for good in the end`() async throws {
        try await Desk.with { desk in
            try await desk.database.execute("create table told_of_it (number int)")
            var policy = TaskPolicy()
            policy.attemptsMax = 3
            let told = Mutex2<[Int]>([])
            let runner = desk.runner(
                policy: policy,
                onGivenUp: { draw, _, tx in
                    told.withLock { $0.append(draw.number) }
                    tx.submit("insert into told_of_it values (1)")
                }
            ) { _, _ in throw Failure.transient("not yet") }
            try await desk.enqueue(7, key: "a")
            for _ in 0..<5 {
                _ = try await runner.drain()
                desk.clock.advance(by: 600)
            }
            #expect(try await desk.states() == ["failed"])
            #expect(told.withLock { $0 } == [7])
            let row = try await desk.database.query("select attempts, error from task").first
            let (attempts, error) = try #require(try row?.decode(Int32.self, String.self))
            #expect(attempts == 3 && error == "transient: not yet")
            #expect(try await desk.database.query("select from told_of_it").count == 1)
        }
    }

    @Test func `a permanent error fails the task at once`() async throws {
        try await Desk.with { desk in
            let runner = desk.runner { _, _ in throw Failure.permanent("never") }
            try await desk.enqueue(1, key: "a")
            #expect(try await runner.drain() == 1)
            #expect(try await desk.states() == ["failed"])
        }
    }

    @Test func `a dependency that is down costs no attempt, however long it is`() async throws {
        try await Desk.with { desk in
            var policy = TaskPolicy()
            policy.attemptsMax = 2
            let isUp = Mutex2(false)
            let runner = desk.runner(policy: policy) { draw, run in
                if !isUp.withLock({ $0 }) { throw ServiceCallError.down(.user) }
                desk.drawn.withLock { $0.append(run.attempt) }
            }
            try await desk.enqueue(1, key: "a")
            for _ in 0..<20 {
                #expect(try await runner.drain() == 1)
                desk.clock.advance(by: 60)
            }
            isUp.withLock { $0 = true }
            _ = try await runner.drain()
            #expect(desk.drawn.withLock { $0 } == [1])
        }
    }

    @Test
    func `a kind with a failed dependency pauses, probes with one task at a time, and resumes`()
        async throws
    {
        try await Desk.with { desk in
            let isUp = Mutex2(false)
            var policy = TaskPolicy()
            policy.concurrencyMax = 4
            let runner = desk.runner(policy: policy) { draw, _ in
                desk.drawn.withLock { $0.append(draw.number) }
                if !isUp.withLock({ $0 }) { throw ServiceCallError.down(.user) }
            }
            for number in 0..<12 { try await desk.enqueue(number, key: "\(number)") }
            desk.clock.advance(by: 1)
            #expect(!desk.context.tasks.isResting(Draw.self))
            #expect(try await runner.drain() == 4)
            #expect(desk.context.tasks.isResting(Draw.self))
            for _ in 0..<3 {
                #expect(try await runner.drain() == 0)
                desk.clock.advance(by: 31)
                #expect(!desk.context.tasks.isResting(Draw.self))
                #expect(try await runner.drain() == 1)
            }
            #expect(Set(desk.drawn.withLock { $0 }).count == 7)
            isUp.withLock { $0 = true }
            desk.clock.advance(by: 31)
            #expect(try await runner.drain() == 12)
            #expect(try await desk.states() == Array(repeating: "done", count: 12))
        }
    }

    @Test func `a paused kind probes with one task at a time, and delays no other kind`()
        async throws
    {
        try await Desk.with { desk in
            let gate = Gate()
            let isFirst = Mutex2(true)
            let runner = TaskRunner(
                [
                    TaskHandler(Draw.self) { _, _ in
                        if !isFirst.withLock({ $0 }) { await gate.wait() }
                        throw ServiceCallError.down(.user)
                    },
                    TaskHandler(Frame.self) { draw, _ in desk.drawn.withLock { $0.append(draw.number) } },
                ], jobs: [], desk.context)
            for number in 0..<12 { try await desk.enqueue(number, key: "\(number)") }
            _ = try await runner.drain()
            isFirst.withLock { $0 = false }
            desk.clock.advance(by: 31)
            async let probing = runner.drain()
            try await eventually { gate.arrivals == 1 }
            try await desk.database.transaction { tx in
                try desk.context.tasks.enqueue(Frame(number: 7), key: "a", on: tx)
            }
            #expect(try await runner.drain() == 1)
            #expect(desk.drawn.withLock { $0 } == [7] && gate.arrivals == 1)
            gate.open()
            _ = try await probing
        }
    }

    @Test func `a permanent error shows that the dependency responds`() async throws {
        try await Desk.with { desk in
            let isUp = Mutex2(false)
            let runner = desk.runner { _, _ in
                throw isUp.withLock { $0 } ? Failure.permanent("never") : Failure.dependencyDown("away")
            }
            for number in 0..<6 { try await desk.enqueue(number, key: "\(number)") }
            _ = try await runner.drain()
            isUp.withLock { $0 = true }
            desk.clock.advance(by: 31)
            // One finds out, and then there is room for all again.
            #expect(desk.context.tasks.rests.room(of: Draw.kind, 4) == 1)
            #expect(try await runner.drain() == 6)
            #expect(desk.context.tasks.rests.room(of: Draw.kind, 4) == 4)
        }
    }

    @Test func `a process detects the recovery of a dependency before its next poll`()
        async throws
    {
        try await Desk.with(clock: TestClock(goesOn: true)) { desk in
            var limits = TaskLimits()
            limits.pollInterval = .seconds(3_600)
            var policy = TaskPolicy()
            policy.retry.dependencyDelayMax = .milliseconds(100)
            let isUp = Mutex2(false)
            let attempts = Mutex2(0)
            let runner = desk.runner(policy: policy, limits: limits) { _, _ in
                attempts.withLock { $0 += 1 }
                if !isUp.withLock({ $0 }) { throw ServiceCallError.down(.user) }
            }
            let running = TestLoops.shared.next().start("runner") { try await runner.run() }
            for number in 0..<20 { try await desk.enqueue(number, key: "\(number)") }
            try await eventually { attempts.withLock { $0 } > 8 }
            isUp.withLock { $0 = true }
            try await eventually { try await desk.states() == Array(repeating: "done", count: 20) }
            running.cancel()
            _ = await running.result
        }
    }

    @Test func `a restart runs a failed task again, and does not change others`()
        async throws
    {
        try await Desk.with { desk in
            try await desk.enqueue(1, key: "done")
            _ = try await desk.drawing.drain()
            try await desk.enqueue(2, key: "failed")
            _ = try await desk.runner { _, _ in throw Failure.permanent("never") }.drain()
            #expect(try await desk.states() == ["done", "failed"])
            try await desk.database.transaction { tx in
                Tasks.restart(Draw.self, keys: ["done", "failed", "unknown"], dueAt: desk.clock.now, on: tx)
            }
            #expect(try await desk.drawing.drain() == 1)
            #expect(desk.drawn.withLock { $0 } == [1, 2])
            #expect(try await desk.states() == ["done", "done"])
        }
    }

    @Test func `the changes of a task commit together with its completion`() async throws {
        try await Desk.with { desk in
            try await desk.database.execute("create table drawing (number int not null)")
            let isFirst = Mutex2(true)
            let runner = desk.runner { draw, run in
                try await desk.database.transaction { tx in
                    tx.submit("insert into drawing values (\(Int32(draw.number)))")
                    try await run.finish(on: tx)
                    if isFirst.withLock({ first in
                        defer { first = false }; return first
                    }) {
                        throw Failure.transient("after the end")
                    }
                }
            }
            try await desk.enqueue(1, key: "a")
            _ = try await runner.drain()
            #expect(try await desk.states() == ["waiting"])
            desk.clock.advance(by: 60)
            _ = try await runner.drain()
            #expect(try await desk.states() == ["done"])
            #expect(try await desk.database.query("select from drawing").count == 1)
        }
    }

    @Test func `a process frozen for longer than its claim changes nothing afterwards`() async throws {
        try await Desk.with { desk in
            try await desk.database.execute("create table drawing (number int not null)")
            var limits = TaskLimits()
            limits.claimTime = .seconds(1_000)
            let gate = Gate()
            let isFirst = Mutex2(true)
            let perform: @Sendable (Draw, TaskRun) async throws -> Void = { draw, run in
                if isFirst.withLock({ first in
                    defer { first = false }; return first
                }) {
                    await gate.wait()
                }
                try await desk.database.transaction { tx in
                    tx.submit("insert into drawing values (\(Int32(run.epoch)))")
                    try await run.finish(on: tx)
                }
            }
            try await desk.enqueue(1, key: "a")
            async let frozen = desk.runner(limits: limits, perform).drain()
            try await eventually { gate.arrivals == 1 }
            // Nobody prolonged the claim for too long.
            try await desk.database.execute("update task set claimed_until = now() - interval '1 second'")
            #expect(try await desk.runner(limits: limits, perform).drain() == 1)
            gate.open()
            _ = try await frozen
            #expect(try await desk.database.query("select from drawing where number = 2").count == 1)
            #expect(try await desk.database.query("select from drawing").count == 1)
            #expect(try await desk.states() == ["done"])
        }
    }

    @Test func `a claim is prolonged while the work runs`() async throws {
        try await Desk.with { desk in
            var limits = TaskLimits()
            limits.claimTime = .milliseconds(150)
            let gate = Gate()
            try await desk.enqueue(1, key: "a")
            async let working = desk.runner(limits: limits) { _, _ in await gate.wait() }.drain()
            try await eventually { gate.arrivals == 1 }
            let before = try await desk.claimedUntil()
            try await eventually { try await desk.claimedUntil() > before.addingTimeInterval(0.3) }
            #expect(try await desk.drawing.drain() == 0)
            gate.open()
            #expect(try await working == 1)
            #expect(try await desk.states() == ["done"])
        }
    }

    @Test func `an attempt over its time limit is cancelled and retried`() async throws {
        try await Desk.with { desk in
            var policy = TaskPolicy()
            policy.timeMax = .milliseconds(50)
            let runner = desk.runner(policy: policy) { _, run in
                if run.attempt == 1 { await Gate().wait() }
                desk.drawn.withLock { $0.append(run.attempt) }
                try Task.checkCancellation()
            }
            try await desk.enqueue(1, key: "a")
            _ = try await runner.drain()
            #expect(try await desk.states() == ["waiting"])
            desk.clock.advance(by: 600)
            _ = try await runner.drain()
            #expect(try await desk.states() == ["done"])
        }
    }

    @Test func `a task continues the trace of the operation that enqueued it`() async throws {
        try await Desk.with { desk in
            let trace = TraceContext.root().caused(by: "evt_1")
            try await TraceContext.$current.withValue(trace) { try await desk.enqueue(1, key: "a") }
            let seen = Mutex2<TraceContext?>(nil)
            _ = try await desk.runner { _, _ in seen.withLock { $0 = TraceContext.current } }.drain()
            let found = try #require(seen.withLock { $0 })
            #expect(found.correlationID == trace.correlationID && found.causationID == "evt_1")
            #expect(found.traceparent.traceID == trace.traceparent.traceID)
        }
    }

    @Test func `a commit wakes the task runner`() async throws {
        try await Desk.with { desk in
            let runner = desk.drawing
            let loop = TestLoops.shared.next()
            let task = loop.start("runner") { try await runner.run() }
            try await desk.enqueue(1, key: "a")
            try await eventually { desk.drawn.withLock { $0 } == [1] }
            #expect(
                try await desk.context.tasks.isEnded(
                    Draw.self, key: "a", within: .seconds(10)))
            task.cancel()
            _ = await task.result
        }
    }

    @Test func `completed tasks are deleted after their retention time, waiting ones are not`() async throws {
        try await Desk.with { desk in
            try await desk.enqueue(1, key: "done")
            _ = try await desk.drawing.drain()
            try await desk.enqueue(2, key: "waits", dueIn: 1_000)
            try await TaskStore().removeOld(TaskLimits(), in: desk.database)
            #expect(try await desk.states() == ["done", "waiting"])
            try await desk.database.execute("update task set ended_at = ended_at - interval '31 days'")
            try await TaskStore().removeOld(TaskLimits(), in: desk.database)
            #expect(try await desk.states() == ["waiting"])
        }
    }

    // MARK: Jobs

    @Test func `a job runs on one process at a time and again after its period`() async throws {
        try await Desk.with { desk in
            let runs = Mutex2(0)
            let job = Job("sweep", every: .seconds(60)) { runs.withLock { $0 += 1 } }
            let (one, other) = (desk.runner(jobs: [job]) { _, _ in }, desk.runner(jobs: [job]) { _, _ in })
            for runner in [one, other] { try await runner.makeJobsKnown() }
            _ = try await (one.drain(), other.drain())
            #expect(runs.withLock { $0 } == 1)
            desk.clock.advance(by: 61)
            _ = try await (one.drain(), other.drain())
            #expect(runs.withLock { $0 } == 2)
        }
    }

    @Test func `a failed job always runs again`() async throws {
        try await Desk.with { desk in
            let runs = Mutex2(0)
            let job = Job("sweep", every: .seconds(60)) {
                if runs.withLock({
                    $0 += 1; return $0
                }) < 30 {
                    throw Failure.permanent("broken")
                }
            }
            let runner = desk.runner(jobs: [job]) { _, _ in }
            try await runner.makeJobsKnown()
            for _ in 0..<30 {
                _ = try await runner.drain()
                desk.clock.advance(by: 61)
            }
            #expect(runs.withLock { $0 } == 30)
            #expect(try await desk.states() == ["waiting"])
        }
    }
}

extension Desk {
    fileprivate func claimedUntil() async throws -> Date {
        try await database.query("select claimed_until from task").first?.decode(Date.self) ?? .distantPast
    }
}
