internal import EventLoop
internal import Synchronization

/// A transaction under way. Statements that do not wait for each other are pipelined on its connection in the order they were issued:
/// see ``send(_:)`` and ``submit(_:)``. Several child tasks may issue them at once.
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

    /// As ``query(_:)``; returns how many rows were touched.
    @discardableResult
    public func execute(_ sql: SQL) async throws -> Int {
        try await query(sql).affectedCount
    }

    /// Sends a statement now, to be waited for later: what is sent before the first wait goes in one flight.
    ///
    /// The server runs it whatever came of those before it, unless one of them failed. If nobody waits for it and it fails, the transaction
    /// fails as it does for ``submit(_:)``.
    public func send(_ sql: SQL) -> SentStatement {
        let statement = Statement(sql)
        lane.loop.execute { [lane] in lane.submit(statement) }
        return SentStatement(statement, on: lane.loop)
    }

    /// Sends a statement and does not wait for it. If it fails, the transaction fails with its error at the latest on commit.
    ///
    /// In a ``beforeCommit(_:)`` hook this puts the statement and COMMIT into one flight.
    public func submit(_ sql: SQL) {
        _ = send(sql)
    }

    /// Runs `body` once, after the transaction's work and just before COMMIT is sent; hooks run in the order they were added.
    public func beforeCommit(_ body: @escaping @Sendable (Transaction) async throws -> Void) {
        hooks.withLock { $0.beforeCommit.append(body) }
    }

    /// Runs `body` once the transaction has been committed, and waits for it before anybody is told. It is never called for one that was
    /// rolled back.
    public func afterCommit(_ body: @escaping @Sendable () async -> Void) {
        hooks.withLock { $0.afterCommit.append(body) }
    }

    /// What a part of the program keeps on a transaction, one value for each key type: made by the first access.
    ///
    /// `body` runs under a lock, so child tasks may call this at once; it must not wait, nor call this again.
    public func withStorage<Key: TransactionKey, Result>(
        _ key: Key.Type, _ body: (inout Key.Value) throws -> sending Result
    ) rethrows -> sending Result {
        try storage.withLock { storage in
            let slot = ObjectIdentifier(key)
            // Taken out meanwhile: a value still in the dictionary would be copied when it changes.
            var value = storage.removeValue(forKey: slot) as? Key.Value ?? key.makeValue()
            defer { storage[slot] = value }
            return try body(&value)
        }
    }

    // MARK: For the database

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

/// A statement that is under way; its rows can be had once.
public struct SentStatement: ~Copyable, Sendable {
    private let statement: Statement
    private let loop: EventLoop

    init(_ statement: Statement, on loop: EventLoop) {
        self.statement = statement
        self.loop = loop
    }

    /// Waits for the end of the statement.
    /// - Throws: ``PostgresError``, `CancellationError`. After any error the transaction can only be rolled back.
    public consuming func rows() async throws -> Rows { try await statement.end(on: loop) }
}

/// Names a slot of ``Transaction/withStorage(_:_:)``.
public protocol TransactionKey {
    associatedtype Value: Sendable
    static func makeValue() -> Value
}
