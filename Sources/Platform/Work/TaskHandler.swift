public import Messaging
public import Postgres

/// What a task is about. Kept as JSON until it is forgotten, so ids alone: never a name, an address or a text of a person.
public protocol TaskPayload: Codable, Sendable {
    /// Names the kind of work. Frozen once shipped: it is stored.
    static var kind: String { get }
}

/// How a service does one kind of durable work.
///
/// ```swift
/// TaskHandler(DrawCertificate.self) { payload, run in
///     let name = try await users.name(of: payload.userID)         // no transaction is open while others are asked
///     try await database.transaction { tx in
///         try await store.insert(Certificate(name), on: tx)
///         try await run.finish(on: tx)                             // commits with the effect, or neither does
///     }
/// }
/// ```
/// It may be called more than once for one task: when its process died, or froze for longer than a claim lasts. What it does outside the
/// database carries a key made of the task's. What it writes commits only while the claim is its own, when it finishes the task in that
/// transaction.
///
/// What it throws says what comes next, by ``FailureClass``: `permanent` gives the task up, `transient` tries again later, up to
/// ``TaskPolicy/attemptsMax``, and `dependencyDown` tries again as long as it takes. Meanwhile the whole kind rests, and one task after
/// another finds out whether the dependency is back: it is for what all tasks of the kind need, and not for what one of them waits for.
public struct TaskHandler: Sendable {
    let kind: String
    let policy: TaskPolicy
    let perform: @Sendable (JSONValue, TaskRun) async throws -> Void
    let giveUp: @Sendable (JSONValue, any Error, Transaction) async throws -> Void
    /// The pause between two runs of a ``Job``.
    let period: Duration?

    /// - Parameters:
    ///   - onGivenUp: writes down what the service makes of it and of the last error, in the transaction that marks the task as failed.
    ///   - perform: returning without having finished the task finishes it.
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
            throw Failure.permanent("the payload of the task is of another form")
        }
    }
}

/// The limits of one kind of task.
public struct TaskPolicy: Sendable {
    /// Attempts that failed for a passing reason, the first included; then the task is given up.
    public var attemptsMax = 10
    /// How long one attempt may take; then it is cancelled and has failed for a passing reason.
    public var timeMax = Duration.seconds(60)
    /// Tasks of the kind that one process does at once.
    public var concurrencyMax = 4
    /// The waits between attempts, and those of the kind while something it needs is down.
    public var retry: RetryPolicy

    public init() {
        retry = RetryPolicy()
        retry.delayBase = .seconds(1)
        retry.delayMax = .seconds(300)
    }
}

/// Work of a service that comes round, on one process at a time: sweeping, expiry, retention.
public struct Job: Sendable {
    let name: String
    let period: Duration
    let timeMax: Duration
    let body: @Sendable () async throws -> Void

    /// What it is stored under.
    var kind: String { "job \(name)" }

    /// - Parameters:
    ///   - name: frozen once shipped: it is stored.
    ///   - period: from the end of one run to the begin of the next.
    ///   - timeMax: how long a run may take before it is cancelled.
    ///   - body: when it throws, that is logged and it runs again after a pause no longer than `period`.
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
