#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Postgres

/// The tasks and jobs of a service, for an operator. The service need not run: its processes see changes at their next poll.
public struct TaskRecords: Sendable {
    public enum State: String, Sendable, CaseIterable {
        /// It waits for its due time.
        case waiting
        /// A process runs it; if that dies, another takes over.
        case running
        case done
        /// It was given up and waits for a restart.
        case failed
    }

    public struct Record: Sendable, Equatable {
        public let kind: String
        /// Unique within its kind; empty for a job.
        public let key: String
        public let state: State
        /// Attempts counted since it was enqueued or postponed.
        public let attempts: Int
        /// Nil when it has ended.
        public let dueAt: Date?
        /// The error of the last attempt, if it failed.
        public let error: String?
        public let correlationID: String
        public let createdAt: Date
        public let endedAt: Date?
    }

    private let database: Database
    private let now: @Sendable () -> Date
    private let store = TaskStore()

    /// - Parameter database: on the schema of the service.
    public init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// Whether the task table exists.
    public static func areKept(in database: Database) async throws -> Bool {
        let rows = try await database.query("select to_regclass('task') is not null")
        return try rows.first?.decode(Bool.self) ?? false
    }

    /// Newest first.
    /// - Parameters:
    ///   - state: nil for every state.
    ///   - withJobs: also jobs, which run periodically.
    public func list(_ state: State? = nil, withJobs: Bool, countMax: Int) async throws -> [Record] {
        try await store.list(state, withJobs: withJobs, countMax: countMax, in: database)
    }

    public func failedCount() async throws -> Int { try await store.failedCount(in: database) }

    /// Restarts a failed task.
    /// - Returns: its state before; only `failed` is restarted; nil when there is no such task.
    public func restart(kind: String, key: String) async throws -> State? {
        let time = now()
        return try await database.transaction { tx in
            let state = try await store.lockState(kind: kind, key: key, on: tx)
            store.restart(kind: kind, keys: [key], dueAt: time, on: tx)
            return state
        }
    }

    /// Restarts all failed tasks.
    /// - Returns: their number.
    public func restartAll() async throws -> Int { try await store.restartAll(dueAt: now(), in: database) }
}
