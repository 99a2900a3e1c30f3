internal import Contracts
internal import EventLoop
internal import Messaging
internal import Observability
internal import Postgres
internal import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Runs the tasks and jobs of a service: claims due tasks, prolongs the claims while they run, and records the outcomes.
final class TaskRunner: Sendable {
    private let handlers: [String: TaskHandler]
    private let database: Database
    private let bell: TaskBell
    private let rests: TaskRests
    private let loops: EventLoopGroup
    private let logger: Logger
    private let service: String
    private let claims, dependencies: OutageLog
    private let metrics: TaskMetrics
    private let now: @Sendable () -> Date
    private let limits: TaskLimits
    private let store = TaskStore()
    private let running = Mutex<[String: Int]>([:])

    init(_ handlers: [TaskHandler], jobs: [Job], _ context: ServiceContext, limits: TaskLimits = TaskLimits()) {
        let all = handlers + jobs.map(TaskHandler.init)
        precondition(Set(all.map(\.kind)).count == all.count, "two tasks of \(context.name) have the same name")
        self.handlers = Dictionary(uniqueKeysWithValues: all.map { ($0.kind, $0) })
        database = context.database
        bell = context.tasks.bell
        rests = context.tasks.rests
        loops = context.loops
        logger = context.logger
        service = context.name.rawValue
        claims = context.outages.tasks
        dependencies = OutageLog(
            logger, failing: "a dependency of tasks is down, the tasks wait for it", over: "the tasks continue")
        metrics = TaskMetrics(context.metrics)
        now = context.clock
        self.limits = limits
    }

    /// Runs until cancelled; running tasks then finish.
    func run() async throws {
        try await makeJobsKnown()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.ringWhenDue() }
            for await _ in bell.rings {
                for claimed in await claim() {
                    group.addTask {
                        let loop = self.loops.next()
                        try? await loop.shielded("task \(claimed.kind)") { await self.perform(claimed) }
                        self.bell.ring()
                        guard let rest = self.rests.left(of: claimed.kind) else { return }
                        try? await loop.sleep(for: rest)
                        self.bell.ring()
                    }
                }
            }
        }
    }

    /// Runs due tasks one after the other until none is left: for tests.
    /// - Returns: the number of attempts.
    func drain() async throws -> Int {
        var count = 0
        while true {
            let claimed = await claim()
            if claimed.isEmpty { return count }
            for task in claimed { await perform(task) }
            count += claimed.count
        }
    }

    func makeJobsKnown() async throws {
        let jobs = handlers.values.filter { $0.period != nil }.map(\.kind)
        if !jobs.isEmpty { try await store.insertJobs(jobs, dueAt: now(), in: database) }
    }

    // MARK: Claiming

    private func ringWhenDue() async {
        while !Task.isCancelled {
            bell.ring()
            let next = try? await store.secondsToNext(of: Array(rooms().keys), at: now(), in: database)
            let pause = next.map { Duration.seconds(max(0.05, min($0, 3_600))) } ?? limits.pollInterval
            try? await loops.next().sleep(for: min(pause, limits.pollInterval))
        }
    }

    /// How many tasks may start, by kind; omits kinds without room.
    private func rooms() -> [String: Int] {
        running.withLock { running in
            handlers.mapValues {
                rests.room(of: $0.kind, $0.policy.concurrencyMax - running[$0.kind, default: 0])
            }
        }.filter { $0.value > 0 }
    }

    private func claim() async -> [TaskStore.Claimed] {
        let rooms = rooms()
        if rooms.isEmpty { return [] }
        do {
            var claimed = try await store.claim(
                rooms, at: now(), seconds: limits.claimTime / .seconds(1), in: database)
            claims.succeeded(of: service)
            running.withLock { running in for task in claimed { running[task.kind, default: 0] += 1 } }
            for index in claimed.indices { claimed[index].isProbe = rests.begin(claimed[index].kind) }
            return claimed
        } catch {
            if !Task.isCancelled { claims.failed([.name: .text(service), .error: LogValue(error)], of: service) }
            return []
        }
    }

    // MARK: Running

    private func perform(_ claimed: TaskStore.Claimed) async {
        defer {
            running.withLock { $0[claimed.kind, default: 1] -= 1 }
            if claimed.isProbe { rests.endProbe(claimed.kind) }
        }
        guard let handler = handlers[claimed.kind] else { return }
        let run = TaskRun(
            kind: claimed.kind, key: claimed.key, attempt: claimed.attempt, epoch: claimed.epoch, store: store)
        var trace = handler.period == nil ? claimed.trace.child() : TraceContext.root()
        trace.route = nil
        await TraceContext.$current.withValue(trace) {
            do {
                try await withClaim(of: run, handler.policy.timeMax) { try await handler.perform(claimed.payload, run) }
                answered(run.kind)
                try await end(run, handler)
                metrics.done.increment()
            } catch {
                await note(error, of: run, handler, claimed.payload)
            }
        }
    }

    /// Runs `body` and prolongs the claim meanwhile; cancels it when the claim is lost or `timeMax` has passed.
    private func withClaim(
        of run: TaskRun, _ timeMax: Duration, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let loop = loops.next()
        try await withTimeout(timeMax, on: loop, onTimeout: { Failure.transient("the attempt took too long") }) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await body() }
                group.addTask { try await self.prolong(run, loop) }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private func prolong(_ run: TaskRun, _ loop: EventLoop) async throws {
        while true {
            try await loop.sleep(for: limits.claimTime / 3)
            // A later attempt may succeed before the claim expires.
            guard let isOurs = try? await store.prolong(run, seconds: limits.claimTime / .seconds(1), in: database)
            else { continue }
            if !isOurs, !run.isSettled { throw TaskLost() }
        }
    }

    private func end(_ run: TaskRun, _ handler: TaskHandler) async throws {
        if run.isSettled { return }
        let next = handler.period.map { now().addingTimeInterval($0 / .seconds(1)) }
        try await database.transaction { tx in
            if let next { try await run.again(at: next, on: tx) } else { try await run.finish(on: tx) }
        }
    }

    private func note(_ error: any Error, of run: TaskRun, _ handler: TaskHandler, _ payload: JSONValue) async {
        if run.isSettled || error is TaskLost { return }
        let failure = FailureClass(of: error)
        switch failure {
        case .dependencyDown: rests.metDown(run.kind, handler.policy.retry)
        case .permanent: answered(run.kind)
        case .transient: break
        }
        let reason = "\(FailureClass.name(of: error)): \(error)"
        do {
            if failure == .permanent && handler.period == nil
                || failure == .transient && run.attempt >= handler.policy.attemptsMax
            {
                return try await giveUp(run, handler, payload, error, reason)
            }
            metrics.retried.increment()
            let facts: [LogKey: LogValue] = [
                .name: .text(run.kind), .id: .text(run.key), .attempt: LogValue(run.attempt), .error: .text(reason),
            ]
            if failure == .dependencyDown {
                dependencies.failed(facts, of: run.kind)
            } else {
                // A first failure is often a wait for another service, and the next attempt succeeds.
                logger.log(run.attempt < 3 ? .info : .warning, "a task failed and will be retried", facts)
            }
            // While the kind is paused, the task moves to the end of the queue: others probe first.
            let pause = failure == .dependencyDown ? .zero : pause(run, handler)
            try await store.postpone(
                run, until: now().addingTimeInterval(pause / .seconds(1)), error: reason,
                isCounted: failure != .dependencyDown, in: database)
        } catch {
            // The claim expires, and the task runs again.
            logger.warning("the outcome of a task could not be stored", [.error: LogValue(error)])
        }
    }

    private func answered(_ kind: String) {
        rests.answered(kind)
        dependencies.succeeded([.name: .text(kind)], of: kind)
    }

    private func pause(_ run: TaskRun, _ handler: TaskHandler) -> Duration {
        var random = SystemRandomNumberGenerator()
        return handler.policy.retry.delay(after: run.attempt, using: &random)
    }

    private func giveUp(
        _ run: TaskRun, _ handler: TaskHandler, _ payload: JSONValue, _ error: any Error, _ reason: String
    ) async throws {
        let isOurs = try await database.transaction { tx in
            guard try await store.fail(run, error: reason, on: tx) else { return false }
            try await handler.giveUp(payload, error, tx)
            return true
        }
        guard isOurs else { return }
        metrics.failed.increment()
        logger.error(
            "a task failed for good",
            [.name: .text(run.kind), .id: .text(run.key), .attempt: LogValue(run.attempt), .error: .text(reason)])
    }
}

/// Counts task outcomes.
private struct TaskMetrics: Sendable {
    let done, retried, failed: Counter

    init(_ metrics: Metrics) {
        done = metrics.counter("hub_tasks_done_total", help: "Completed tasks and completed runs of jobs.")
        retried = metrics.counter("hub_task_retries_total", help: "Failed attempts of tasks that are retried.")
        failed = metrics.counter("hub_tasks_failed_total", help: "Tasks that failed for good.")
    }
}
