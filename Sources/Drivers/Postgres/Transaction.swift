/// A transaction under way. Its statements may be issued by several child tasks at once: they are pipelined on its connection
/// in the order they were issued.
public final class Transaction: Sendable {
    init() {}

    /// Runs a statement in the transaction.
    /// - Throws: ``PostgresError``, `CancellationError`. After any error the transaction can only be rolled back.
    public func query(_ sql: SQL) async throws -> Rows {
        throw PostgresError(.closed, "not yet")
    }

    /// As ``query(_:)``; returns how many rows were touched.
    @discardableResult
    public func execute(_ sql: SQL) async throws -> Int {
        try await query(sql).affectedCount
    }

    /// Sends a statement and does not wait for it. If it fails, the transaction fails with its error at the latest on commit.
    ///
    /// In a ``beforeCommit(_:)`` hook this puts the statement and COMMIT into one flight.
    public func submit(_ sql: SQL) {
    }

    /// Copies rows into a table in bulk.
    /// - Parameters:
    ///   - write: writes the columns of one row, in the order named and with exactly the columns' types.
    /// - Returns: how many rows were copied.
    @discardableResult
    public func copyIn<Elements: Sequence>(
        into table: String, columns: [String], _ rows: Elements,
        write: (Elements.Element, inout CopyRow) -> Void
    ) async throws -> Int {
        throw PostgresError(.closed, "not yet")
    }

    /// Runs `body` once, after the transaction's work and just before COMMIT is sent; hooks run in the order they were added.
    public func beforeCommit(_ body: @escaping @Sendable (Transaction) async throws -> Void) {
    }

    /// Runs `body` once the transaction has been committed. It is never called for one that was rolled back.
    public func afterCommit(_ body: @escaping @Sendable () -> Void) {
    }

    /// What a part of the program keeps on a transaction, one value for each key type: made by the first access.
    ///
    /// `body` runs under a lock, so child tasks may call this at once; it must not wait.
    public func withStorage<Key: TransactionKey, Result>(
        _ key: Key.Type, _ body: (inout Key.Value) throws -> Result
    ) rethrows -> Result {
        var value = key.makeValue()
        return try body(&value)
    }
}

/// Names a slot of ``Transaction/withStorage(_:_:)``.
public protocol TransactionKey {
    associatedtype Value: Sendable
    static func makeValue() -> Value
}

/// Writes the columns of one row of a bulk copy.
public struct CopyRow {
    var parameters: PostgresParameters

    public mutating func write<Value: PostgresEncodable>(_ value: Value) {
        parameters.writeField(value)
    }
}
