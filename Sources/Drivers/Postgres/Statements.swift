/// Runs single statements: a transaction, or the database for a statement in its own transaction.
public protocol Statements: Sendable {
    /// - Throws: ``PostgresError``, `CancellationError`.
    func query(_ sql: SQL) async throws -> Rows

    /// As ``query(_:)``; returns the number of affected rows.
    @discardableResult
    func execute(_ sql: SQL) async throws -> Int
}

extension Database: Statements {}
extension Transaction: Statements {}
