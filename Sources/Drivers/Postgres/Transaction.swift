internal import EventLoop
internal import Synchronization

/// An open transaction. Independent statements are pipelined on its connection in the order they were issued: see ``send(_:)`` and
/// ``submit(_:)``. Several child tasks may issue statements concurrently.
public final class Transaction: Sendable {
    let lane: TransactionLane
    private let hooks = Mutex(Hooks())
    private let storage = Mutex<[ObjectIdentifier: any Sendable]>([:])

    private struct Hooks {
        var beforeCommit: [@Sendable (Transaction) async throws -> Void] = []
        var afterCommit: [@Sendable () async -> Void] = []
    }

    init(lane: TransactionLane) { self.lane = lane }

    /// Runs a statement in the transaction.
    /// - Throws: ``PostgresError``, `CancellationError`. After any error the transaction can only be rolled back.
    public func query(_ sql: SQL) async throws -> Rows {
        try await lane.run(sql)
    }

    /// As ``query(_:)``; returns the number of affected rows.
    @discardableResult
    public func execute(_ sql: SQL) async throws -> Int {
        try await query(sql).affectedCount
    }

    /// Sends a statement now; the caller awaits its result later. Statements sent before the first await share one round trip.
    ///
    /// The server runs it even if the caller has not awaited earlier statements, unless one of them failed. If it fails and nobody awaits
    /// it, the transaction fails as for ``submit(_:)``.
    public func send(_ sql: SQL) -> SentStatement {
        let statement = Statement(sql)
        lane.loop.execute { [lane] in lane.submit(statement) }
        return SentStatement(statement, on: lane.loop)
    }

    /// Sends a statement without waiting for its result. If it fails, the transaction fails with its error, on commit at the latest.
    ///
    /// In a ``beforeCommit(_:)`` hook the statement and COMMIT share one round trip.
    public func submit(_ sql: SQL) {
        _ = send(sql)
    }

    /// Runs `body` once, after the transaction's work and just before COMMIT is sent; hooks run in the order they were added.
    public func beforeCommit(_ body: @escaping @Sendable (Transaction) async throws -> Void) {
        hooks.withLock { $0.beforeCommit.append(body) }
    }

    /// Runs `body` after the commit and awaits it before the caller gets the result. It is not called after a rollback.
    public func afterCommit(_ body: @escaping @Sendable () async -> Void) {
        hooks.withLock { $0.afterCommit.append(body) }
    }

    /// State that a component keeps on a transaction: one value per key type, created on first access.
    ///
    /// `body` runs under a lock, so child tasks may call this concurrently; it must not block or call this method again.
    public func withStorage<Key: TransactionKey, Result>(
        _ key: Key.Type, _ body: (inout Key.Value) throws -> sending Result
    ) rethrows -> sending Result {
        try storage.withLock { storage in
            let slot = ObjectIdentifier(key)
            // The value is removed during the call: mutating a value that is still in the dictionary would copy it.
            var value = storage.removeValue(forKey: slot) as? Key.Value ?? key.makeValue()
            defer { storage[slot] = value }
            return try body(&value)
        }
    }

    // MARK: Used by the database

    func commit() async throws {
        while true {
            let bodies = hooks.withLock { hooks in
                defer { hooks.beforeCommit = [] }
                return hooks.beforeCommit
            }
            if bodies.isEmpty { break }
            for body in bodies { try await body(self) }
        }
        try await lane.commit()
        for body in hooks.withLock({ $0.afterCommit }) { await body() }
    }

    func rollback() async -> PostgresError? { await lane.rollback() }
}

/// A sent statement. Its rows can be read once.
public struct SentStatement: ~Copyable, Sendable {
    private let statement: Statement
    private let loop: EventLoop

    init(_ statement: Statement, on loop: EventLoop) {
        self.statement = statement
        self.loop = loop
    }

    /// Waits until the statement completes.
    /// - Throws: ``PostgresError``, `CancellationError`. After any error the transaction can only be rolled back.
    public consuming func rows() async throws -> Rows { try await statement.end(on: loop) }
}

/// Identifies a slot of ``Transaction/withStorage(_:_:)``.
public protocol TransactionKey {
    associatedtype Value: Sendable
    static func makeValue() -> Value
}
