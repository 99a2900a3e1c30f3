internal import EventLoop

/// The exclusive use of a connection by a transaction.
// @unchecked: confined to its loop, except for the constants.
final class TransactionLane: @unchecked Sendable {
    let loop: EventLoop
    let connection: Connection
    private let pool: LoopPool
    /// BEGIN has been sent, before the first statement.
    private var hasBegun = false
    private var hasEnded = false
    private var isReleased = false
    /// The error of a statement that was never sent. The server does not know about it and would commit the others.
    private var refused: PostgresError?

    init(_ connection: Connection, _ pool: LoopPool) {
        loop = pool.loop
        self.connection = connection
        self.pool = pool
    }

    func run(_ sql: SQL) async throws -> Rows {
        try await Statement(sql).run(on: loop) { self.submit($0) }
    }

    /// For migrations: no statement timeout.
    func allowAnyDuration() {
        loop.execute { self.connection.statementTimeout = nil }
    }

    func submit(_ statement: Statement) {
        if hasEnded { return statement.finish(.failure(PostgresError(.closed, "the transaction has ended"))) }
        if let refusal = statement.sql.parameters.refusal {
            let failure = PostgresError(.encoding, refusal)
            refused = refused ?? failure
            return statement.finish(.failure(failure))
        }
        let begins = !hasBegun
        hasBegun = true
        connection.submit(statement, begins: begins)
    }

    /// Sends BEGIN on its own when nothing has been sent yet.
    func begin() async throws {
        _ = try await Statement("", control: .begin).wait(on: loop) { statement in
            if self.hasBegun { statement.finish(.success(.none)) } else { self.submit(statement) }
        }
    }

    /// - Throws: ``PostgresError``: of kind `commitUnknown` when the connection was lost during COMMIT, `aborted` when an earlier
    ///   statement had failed, `encoding` when a statement could not be sent.
    func commit() async throws {
        let rows = try await Statement("", control: .commit).wait(on: loop) { statement in
            if let refused = self.refused { return statement.finish(.failure(refused)) }
            self.hasEnded = true
            if self.hasBegun { self.connection.submit(statement) } else { statement.finish(.success(.none)) }
        }
        if rows.tag == "ROLLBACK" {
            throw PostgresError(.aborted, "an earlier statement failed and its error was ignored")
        }
        loop.execute { self.release() }
    }

    /// Rolls the transaction back, also after a failed COMMIT. Must not be cancelled.
    /// - Returns: the first statement failure since BEGIN.
    func rollback() async -> PostgresError? {
        try? await loop.shielded("postgres rollback") {
            defer { self.release() }
            if self.hasBegun, !self.hasEnded, self.connection.isOpen {
                self.hasEnded = true
                let rollback = Statement("", control: .rollback)
                // A failed ROLLBACK means a lost connection; the server then rolls back by itself.
                _ = try? await rollback.wait(on: self.loop) { self.connection.submit($0) }
            }
            self.hasEnded = true
            return self.connection.firstFailure
        }
    }

    private func release() {
        if isReleased { return }
        isReleased = true
        pool.release(connection)
    }
}
