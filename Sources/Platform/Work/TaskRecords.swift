#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Postgres

/// The tasks and jobs of a service, for the operator of a hub. The service need not run: its processes see what was changed when they look
/// next.
public struct TaskRecords: Sendable {
    public enum State: String, Sendable, CaseIterable {
        /// It is yet to be done, at its time.
        case waiting
        /// A process is at it; should it be gone, another one takes over.
        case running
        case done
        /// It was given up, and is not done unless an operator says so.
        case failed
    }

    public struct Record: Sendable, Equatable {
        public let kind: String
        /// Names it among those of its kind; empty for a job.
        public let key: String
        public let state: State
        /// Those that count against it since it was enqueued or put off.
        public let attempts: Int
        /// Nil when it has ended.
        public let dueAt: Date?
        /// What came of the last attempt, if that failed.
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

    /// Whether a service with tasks has been here.
    public static func areKept(in database: Database) async throws -> Bool {
        let rows = try await database.query("select to_regclass('task') is not null")
        return try rows.first?.decode(Bool.self) ?? false
    }

    /// The newest first.
    /// - Parameter state: nil for every state.
    public func list(_ state: State? = nil, countMax: Int) async throws -> [Record] {
        try await store.list(state, countMax: countMax, in: database)
    }

    public func failedCount() async throws -> Int { try await store.failedCount(in: database) }

    /// Has a task that was given up done again.
    /// - Returns: the state it was in: only what had failed is done again; nil when there is no such task.
    public func restart(kind: String, key: String) async throws -> State? {
        let time = now()
        return try await database.transaction { tx in
            let state = try await store.lockState(kind: kind, key: key, on: tx)
            store.restart(kind: kind, keys: [key], dueAt: time, on: tx)
            return state
        }
    }

    /// Has all tasks done again that were given up.
    /// - Returns: how many.
    public func restartAll() async throws -> Int { try await store.restartAll(dueAt: now(), in: database) }
}
