#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Messaging
public import Postgres
internal import Synchronization

/// One attempt at a task, by its claim holder.
public final class TaskRun: Sendable {
    let kind: String
    /// The key given to `enqueue`, unique within the kind. Keys for external systems are built from it.
    public let key: String
    /// 1 for the first. Attempts that met an unavailable dependency are not counted.
    public let attempt: Int
    /// Increases with each claim; an older one can no longer write.
    let epoch: Int64
    private let store: TaskStore
    private let isSettledFlag = Mutex(false)

    init(kind: String, key: String, attempt: Int, epoch: Int64, store: TaskStore) {
        self.kind = kind
        self.key = key
        self.attempt = attempt
        self.epoch = epoch
        self.store = store
    }

    /// Whether a transaction that settles the task has committed.
    var isSettled: Bool { isSettledFlag.withLock { $0 } }

    /// Marks the task as done when `tx` commits.
    /// - Throws: ``TaskLost`` if another process has claimed it: `tx` must not commit then.
    public func finish(on tx: Transaction) async throws {
        try await settle(store.finish(self, on: tx), tx)
    }

    /// Postpones the task and resets its attempts when `tx` commits.
    /// - Throws: ``TaskLost``.
    public func again(at time: Date, on tx: Transaction) async throws {
        try await settle(store.postpone(self, until: time, on: tx), tx)
    }

    private func settle(_ isOurs: Bool, _ tx: Transaction) throws(TaskLost) {
        guard isOurs else { throw TaskLost() }
        tx.afterCommit { [self] in isSettledFlag.withLock { $0 = true } }
    }
}

/// Another process claimed the task because this one did not prolong its claim.
public struct TaskLost: ClassifiedError, CustomStringConvertible {
    public var failureClass: FailureClass { .transient }
    public var description: String { "another process has claimed the task" }
}
