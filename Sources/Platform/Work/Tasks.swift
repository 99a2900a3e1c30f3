#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
internal import EventLoop
internal import Messaging
internal import Observability
public import Postgres

/// The durable work of a service: enqueued in a transaction, done outside it.
///
/// ```swift
/// try await database.transaction { tx in
///     try await store.insert(payment, on: tx)
///     try context.tasks.enqueue(Charge(payment), key: payment.id.rawValue, on: tx)
/// }
/// ```
/// After the commit, one process at a time runs the task, and retries it until it is finished or given up
/// (see ``TaskHandler``). It belongs to the trace that enqueued it.
public struct Tasks: Sendable {
    private let store: TaskStore
    let bell: TaskBell
    let rests: TaskRests
    private let database: Database
    private let loops: EventLoopGroup
    private let now: @Sendable () -> Date

    init(
        _ database: Database, _ loops: EventLoopGroup, now: @escaping @Sendable () -> Date, uptime: @escaping Uptime
    ) {
        self.database = database
        self.loops = loops
        self.now = now
        store = TaskStore()
        bell = TaskBell()
        rests = TaskRests(uptime: uptime)
    }

    /// Enqueues a task when `tx` commits.
    /// - Parameters:
    ///   - key: unique within its kind. While a task with this key is stored, done or not, nothing happens.
    ///   - dueAt: nil for at once.
    /// - Throws: what encoding the payload throws.
    public func enqueue<Payload: TaskPayload>(
        _ payload: Payload, key: String, dueAt: Date? = nil, on tx: Transaction
    ) throws {
        let trace = TraceContext.current ?? .root()
        try store.insert(
            kind: Payload.kind, key: key, payload: JSONValue(encoding: payload), dueAt: dueAt ?? now(), trace, on: tx)
        Journal(now: now).noteRequest(on: tx)
        let bell = bell
        tx.afterCommit { bell.ring() }
    }

    /// Restarts failed tasks and resets their attempts when `tx` commits. Others are unchanged.
    ///
    /// The service need not run: its processes find the tasks at their next poll.
    public static func restart<Payload: TaskPayload>(
        _ type: Payload.Type, keys: [String], dueAt: Date, on tx: Transaction
    ) {
        TaskStore().restart(kind: type.kind, keys: keys, dueAt: dueAt, on: tx)
    }

    /// Whether this kind is paused in this process because a dependency was down.
    public func isResting<Payload: TaskPayload>(_ type: Payload.Type) -> Bool { rests.left(of: type.kind) != nil }

    /// Waits until a task is done or given up.
    /// - Returns: false after a timeout.
    public func isEnded<Payload: TaskPayload>(
        _ type: Payload.Type, key: String, within limit: Duration
    ) async throws -> Bool {
        let end = ContinuousClock.now + limit
        var pause = Duration.milliseconds(5)
        while true {
            if try await store.isEnded(kind: type.kind, key: key, in: database) { return true }
            let left = end - .now
            if left <= .zero { return false }
            try await loops.next().sleep(for: min(pause, left))
            pause = min(pause * 2, .milliseconds(200))
        }
    }
}

/// Tells the runner of this process that a task was enqueued.
struct TaskBell: Sendable {
    let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring() { continuation.yield() }
}
