#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
internal import EventLoop
internal import Messaging
internal import Observability
public import Postgres

/// The durable work of a service: what is to be done outside a transaction, decided in one.
///
/// ```swift
/// try await database.transaction { tx in
///     try await store.insert(payment, on: tx)
///     try context.tasks.enqueue(Charge(payment), key: payment.id.rawValue, on: tx)
/// }
/// ```
/// Once the transaction has committed, the task is done by one process at a time, again and again until it is finished or given up
/// (see ``TaskHandler``). It belongs to the journey of who enqueued it.
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

    /// Has a task done once `tx` commits.
    /// - Parameters:
    ///   - key: names the task among those of its kind. While a task of that name is known, done or not, nothing happens.
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

    /// Has tasks that were given up done once more, once `tx` commits, with their attempts counted anew. Others are left as they are.
    ///
    /// The service need not run: its processes find the tasks when they look next.
    public static func restart<Payload: TaskPayload>(
        _ type: Payload.Type, keys: [String], dueAt: Date, on tx: Transaction
    ) {
        TaskStore().restart(kind: type.kind, keys: keys, dueAt: dueAt, on: tx)
    }

    /// Whether something that this kind of task needs was down just now, and so is left alone for a moment; as far as this process knows.
    public func isResting<Payload: TaskPayload>(_ type: Payload.Type) -> Bool { rests.left(of: type.kind) != nil }

    /// Waits until a task is done or given up.
    /// - Returns: false when it is neither after `limit`.
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
