/// What can run a single statement: a transaction, or the database when the statement stands alone.
public protocol Statements: Sendable {
    /// - Throws: ``PostgresError``, `CancellationError`.
    func query(_ sql: SQL) async throws -> Rows

    /// As ``query(_:)``; returns how many rows were touched.
    @discardableResult
    func execute(_ sql: SQL) async throws -> Int
}

extension Database: Statements {}
extension Transaction: Statements {}
