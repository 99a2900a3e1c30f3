#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Observability
internal import Postgres

/// All SQL of tasks.
///
/// Due times use the service's clock. Claim times use the server's clock, which all processes share.
struct TaskStore: Sendable {
    static let migration = Migration(
        id: "platform-003-tasks",
        sql: """
            create table task (
                kind text not null,
                key text not null,
                payload jsonb not null,
                state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
                due_at timestamptz not null,
                attempts int not null default 0,
                epoch bigint not null default 0,
                claimed_until timestamptz,
                error text,
                correlation_id text not null,
                traceparent text not null,
                causation_id text,
                created_at timestamptz not null default clock_timestamp(),
                ended_at timestamptz,
                primary key (kind, key)
            ) with (fillfactor = 70);
            create index task_waiting on task (due_at) where state = 'waiting';
            create index task_running on task (claimed_until) where state = 'running';
            create index task_ended on task (ended_at) where state in ('done', 'failed');
            """)

    struct Claimed: Sendable {
        var kind, key: String
        var payload: JSONValue
        var attempt: Int
        var epoch: Int64
        var trace: TraceContext
        /// Whether it probes the dependency of its kind.
        var isProbe = false
    }

    func insert(kind: String, key: String, payload: JSONValue, dueAt: Date, _ trace: TraceContext, on tx: Transaction) {
        tx.submit(
            """
            insert into task (kind, key, payload, due_at, correlation_id, traceparent, causation_id)
            values (\(kind), \(key), \(payload), \(dueAt), \(trace.correlationID), \(trace.traceparent.description),
                \(trace.causationID as String?))
            on conflict do nothing
            """)
    }

    /// Adds new jobs.
    func insertJobs(_ kinds: [String], dueAt: Date, in database: Database) async throws {
        let trace = TraceContext.root()
        try await database.execute(
            """
            insert into task (kind, key, payload, due_at, correlation_id, traceparent)
            select k, '', '{}', \(dueAt), \(trace.correlationID), \(trace.traceparent.description)
            from unnest(\(kinds)) as k on conflict do nothing
            """)
    }

    /// Claims due tasks, and those with an expired claim, for `seconds`.
    /// - Parameter rooms: the maximum by kind.
    func claim(_ rooms: [String: Int], at time: Date, seconds: Double, in database: Database) async throws -> [Claimed]
    {
        let rooms = rooms.sorted { $0.key < $1.key }
        let rows = try await database.query(
            """
            update task t set state = 'running', epoch = t.epoch + 1, attempts = t.attempts + 1,
                claimed_until = clock_timestamp() + make_interval(secs => \(seconds))
            from unnest(\(rooms.map(\.key)), \(rooms.map { Int64($0.value) })) as r (kind, room)
            cross join lateral (
                select d.kind, d.key from task d
                where d.kind = r.kind
                    and (d.state = 'waiting' and d.due_at <= \(time)
                        or d.state = 'running' and d.claimed_until < clock_timestamp())
                order by d.due_at limit r.room for update skip locked) due
            where t.kind = due.kind and t.key = due.key
            returning t.kind, t.key, t.payload, t.attempts, t.epoch, t.correlation_id, t.traceparent, t.causation_id
            """)
        return try rows.map { row in
            let (kind, key, payload, attempts, epoch, correlationID, traceparent, causationID) = try row.decode(
                String.self, String.self, JSONValue.self, Int32.self, Int64.self, String.self, String.self,
                String?.self)
            return Claimed(
                kind: kind, key: key, payload: payload, attempt: Int(attempts), epoch: epoch,
                trace: TraceContext(
                    correlationID: correlationID,
                    traceparent: Traceparent(traceparent) ?? TraceContext.root().traceparent,
                    causationID: causationID))
        }
    }

    /// Seconds until the next task is due or a claim expires; nil when there is none.
    func secondsToNext(of kinds: [String], at time: Date, in database: Database) async throws -> Double? {
        let rows = try await database.query(
            """
            select extract(epoch from min(case state
                when 'waiting' then due_at - \(time) else claimed_until - clock_timestamp() end))::float8
            from task where kind = any(\(kinds)) and state in ('waiting', 'running')
            """)
        return try rows.first?.decode(Double?.self) ?? nil
    }

    /// - Returns: false when the claim is lost.
    func prolong(_ run: TaskRun, seconds: Double, in database: Database) async throws -> Bool {
        try await database.execute(
            """
            update task set claimed_until = clock_timestamp() + make_interval(secs => \(seconds)) where \(claim(run))
            """) == 1
    }

    func finish(_ run: TaskRun, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            """
            update task set state = 'done', ended_at = clock_timestamp(), claimed_until = null, error = null
            where \(claim(run))
            """) == 1
    }

    func postpone(_ run: TaskRun, until time: Date, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            """
            update task set state = 'waiting', due_at = \(time), attempts = 0, claimed_until = null, error = null
            where \(claim(run))
            """) == 1
    }

    /// - Parameter isCounted: whether the attempt counts.
    func postpone(
        _ run: TaskRun, until time: Date, error: String, isCounted: Bool, in database: Database
    ) async throws {
        try await database.execute(
            """
            update task set state = 'waiting', due_at = \(time), claimed_until = null, error = \(error),
                attempts = attempts - \(Int32(isCounted ? 0 : 1))
            where \(claim(run))
            """)
    }

    func fail(_ run: TaskRun, error: String, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            """
            update task set state = 'failed', ended_at = clock_timestamp(), claimed_until = null, error = \(error)
            where \(claim(run))
            """) == 1
    }

    /// Restarts failed tasks and resets their attempts.
    func restart(kind: String, keys: [String], dueAt: Date, on tx: Transaction) {
        tx.submit(
            """
            update task set state = 'waiting', due_at = \(dueAt), attempts = 0, ended_at = null
            where kind = \(kind) and key = any(\(keys)) and state = 'failed'
            """)
    }

    /// - Returns: how many.
    func restartAll(dueAt: Date, in database: Database) async throws -> Int {
        try await database.execute(
            "update task set state = 'waiting', due_at = \(dueAt), attempts = 0, ended_at = null where state = 'failed'"
        )
    }

    func failedCount(in database: Database) async throws -> Int {
        try await database.query("select count(*) from task where state = 'failed'").first?.decode(Int.self) ?? 0
    }

    func lockState(kind: String, key: String, on tx: Transaction) async throws -> TaskRecords.State? {
        let state = try await tx.query("select state from task where kind = \(kind) and key = \(key) for update").first
        return try state.flatMap { TaskRecords.State(rawValue: try $0.decode(String.self)) }
    }

    /// Newest first, of every state when `state` is nil.
    func list(
        _ state: TaskRecords.State?, withJobs: Bool, countMax: Int, in database: Database
    ) async throws -> [TaskRecords.Record] {
        let ofState: SQL = state.map { "state = \($0.rawValue)" } ?? "true"
        // The key of a job is empty.
        let some: SQL = withJobs ? ofState : "\(ofState) and key <> ''"
        let rows = try await database.query(
            """
            select kind, key, state, attempts, due_at, error, correlation_id, created_at, ended_at
            from task where \(some) order by created_at desc, kind, key limit \(countMax)
            """)
        return try rows.compactMap { row in
            let (kind, key, state, attempts, dueAt, error, correlationID, createdAt, endedAt) = try row.decode(
                String.self, String.self, String.self, Int32.self, Date.self, String?.self, String.self, Date.self,
                Date?.self)
            guard let state = TaskRecords.State(rawValue: state) else { return nil }
            return TaskRecords.Record(
                kind: kind, key: key, state: state, attempts: Int(attempts), dueAt: endedAt == nil ? dueAt : nil,
                error: error, correlationID: correlationID, createdAt: createdAt, endedAt: endedAt)
        }
    }

    func isEnded(kind: String, key: String, in database: Database) async throws -> Bool {
        try await database.query(
            "select from task where kind = \(kind) and key = \(key) and state in ('done', 'failed')"
        ).count > 0
    }

    /// Deletes tasks that ended long ago.
    func removeOld(_ limits: TaskLimits, in database: Database) async throws {
        for (state, time) in [("done", limits.doneKept), ("failed", limits.failedKept)] {
            try await database.delete(
                from: "task",
                where: """
                    state = \(state) and ended_at < clock_timestamp() - make_interval(secs => \(time / .seconds(1)))
                    """,
                stepCountMax: limits.removalCountMax)
        }
    }

    private func claim(_ run: TaskRun) -> SQL {
        "kind = \(run.kind) and key = \(run.key) and epoch = \(run.epoch) and state = 'running'"
    }
}

/// The limits of a service's tasks.
struct TaskLimits: Sendable {
    /// Duration of a claim that is not prolonged.
    var claimTime = Duration.seconds(30)
    /// Poll interval when no due time is known. Tasks of processes that died wait this long.
    var pollInterval = Duration.seconds(5)
    /// How long an ended task is kept; until then its key is in use.
    var doneKept = Duration.seconds(30 * 86_400)
    var failedKept = Duration.seconds(90 * 86_400)
    /// Rows that one deletion step removes.
    var removalCountMax = 5_000
}
