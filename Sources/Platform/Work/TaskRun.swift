#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Messaging
public import Postgres
internal import Synchronization

/// One attempt at a task, by who has claimed it.
public final class TaskRun: Sendable {
    let kind: String
    /// As the task was enqueued: with the kind it names the task, so keys for systems outside are made of it.
    public let key: String
    /// 1 for the first. Attempts that met a dependency that was down are not counted.
    public let attempt: Int
    /// Rises with each claim: who has an older one changes nothing any more.
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

    /// Whether a transaction has committed that said what becomes of the task.
    var isSettled: Bool { isSettledFlag.withLock { $0 } }

    /// The task is done once `tx` commits.
    /// - Throws: ``TaskLost`` when another has claimed it meanwhile: nothing of `tx` must commit then.
    public func finish(on tx: Transaction) async throws {
        try await settle(store.finish(self, on: tx), tx)
    }

    /// The task goes on at a later time, with its attempts counted anew, once `tx` commits.
    /// - Throws: ``TaskLost``.
    public func again(at time: Date, on tx: Transaction) async throws {
        try await settle(store.postpone(self, until: time, on: tx), tx)
    }

    private func settle(_ isOurs: Bool, _ tx: Transaction) throws(TaskLost) {
        guard isOurs else { throw TaskLost() }
        tx.afterCommit { [self] in isSettledFlag.withLock { $0 = true } }
    }
}

/// Somebody else has claimed the task, because this process said nothing for too long.
public struct TaskLost: ClassifiedError, CustomStringConvertible {
    public var failureClass: FailureClass { .transient }
    public var description: String { "another process has claimed the task" }
}
