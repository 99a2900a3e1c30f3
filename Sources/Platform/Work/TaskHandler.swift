public import Messaging
public import Postgres

/// The arguments of a task. They are stored as JSON until its deletion, so only ids: no name, address or text of a person.
public protocol TaskPayload: Codable, Sendable {
    /// The kind of work. It is stored, so frozen once shipped.
    static var kind: String { get }
}

/// Performs one kind of durable work.
///
/// ```swift
/// TaskHandler(DrawCertificate.self) { payload, run in
///     let name = try await users.name(of: payload.userID)         // no open transaction during a call
///     try await database.transaction { tx in
///         try await store.insert(Certificate(name), on: tx)
///         try await run.finish(on: tx)                             // commits with the effect, or neither does
///     }
/// }
/// ```
/// It may run more than once for a task: if its process dies or freezes for longer than its claim. External effects need a key made
/// from the task's. Database writes commit only while it holds the claim, if the same transaction finishes the task.
///
/// The ``FailureClass`` of a thrown error decides what follows: `permanent` gives up; `transient` is retried, up to
/// ``TaskPolicy/attemptsMax``; `dependencyDown` is retried without limit. The kind then pauses, and single tasks probe the
/// dependency: use it for what all tasks of the kind need, not for what only one needs.
public struct TaskHandler: Sendable {
    let kind: String
    let policy: TaskPolicy
    let perform: @Sendable (JSONValue, TaskRun) async throws -> Void
    let giveUp: @Sendable (JSONValue, any Error, Transaction) async throws -> Void
    /// The pause between two runs of a ``Job``.
    let period: Duration?

    /// - Parameters:
    ///   - onGivenUp: records the consequences and the last error, in the transaction that marks the task as failed.
    ///   - perform: its return finishes the task, if it is not finished.
    public init<Payload: TaskPayload>(
        _ type: Payload.Type, policy: TaskPolicy = TaskPolicy(),
        onGivenUp: (@Sendable (Payload, any Error, Transaction) async throws -> Void)? = nil,
        _ perform: @escaping @Sendable (Payload, TaskRun) async throws -> Void
    ) {
        kind = type.kind
        self.policy = policy
        period = nil
        self.perform = { json, run in try await perform(try Self.payload(type, json), run) }
        giveUp = { json, error, tx in
            if let onGivenUp, let payload = try? Self.payload(type, json) { try await onGivenUp(payload, error, tx) }
        }
    }

    init(_ job: Job) {
        kind = job.kind
        var policy = TaskPolicy()
        policy.concurrencyMax = 1
        policy.attemptsMax = .max
        policy.timeMax = job.timeMax
        policy.retry.delayMax = min(job.period, policy.retry.delayMax)
        policy.retry.dependencyDelayMax = min(job.period, policy.retry.dependencyDelayMax)
        self.policy = policy
        period = job.period
        perform = { _, _ in try await job.body() }
        giveUp = { _, _, _ in }
    }

    private static func payload<Payload: TaskPayload>(_ type: Payload.Type, _ json: JSONValue) throws -> Payload {
        do {
            return try json.decode(type)
        } catch {
            throw Failure.permanent("the payload of the task could not be decoded")
        }
    }
}

/// The limits of one kind of task.
public struct TaskPolicy: Sendable {
    /// Attempts with transient failures, including the first; then the task is given up.
    public var attemptsMax = 10
    /// Timeout of one attempt; a timeout is a transient failure.
    public var timeMax = Duration.seconds(60)
    /// Tasks of the kind that one process runs at once.
    public var concurrencyMax = 4
    /// Pauses between attempts, and of the kind while a dependency is down.
    public var retry: RetryPolicy

    public init() {
        retry = RetryPolicy()
        retry.delayBase = .seconds(1)
        retry.delayMax = .seconds(300)
    }
}

/// Periodic work of a service, in one process at a time: cleanup, expiry, retention.
public struct Job: Sendable {
    let name: String
    let period: Duration
    let timeMax: Duration
    let body: @Sendable () async throws -> Void

    /// Its stored kind.
    var kind: String { "job \(name)" }

    /// - Parameters:
    ///   - name: frozen once shipped: it is stored.
    ///   - period: from the end of one run to the start of the next.
    ///   - timeMax: the timeout of a run.
    ///   - body: when it throws, the error is logged and it runs again after at most `period`.
    public init(
        _ name: String, every period: Duration, timeMax: Duration = .seconds(600),
        _ body: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.period = period
        self.timeMax = timeMax
        self.body = body
    }
}
