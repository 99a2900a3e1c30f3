internal import EventLoop

/// A transaction's hold on its connection.
// @unchecked: confined to its loop, except for the constants.
final class TransactionLane: @unchecked Sendable {
    let loop: EventLoop
    let connection: Connection
    private let pool: LoopPool
    /// BEGIN has been sent, in front of the first statement.
    private var hasBegun = false
    private var hasEnded = false
    private var isReleased = false
    /// A statement that was never sent. The server knows nothing of it and would commit the others.
    private var refused: PostgresError?

    init(_ connection: Connection, _ pool: LoopPool) {
        loop = pool.loop
        self.connection = connection
        self.pool = pool
    }

    func run(_ sql: SQL) async throws -> Rows {
        try await Statement(sql).run(on: loop) { self.submit($0) }
    }

    /// For migrations: a statement takes as long as it takes.
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

    /// Sends BEGIN alone, when nothing has been sent yet.
    func begin() async throws {
        _ = try await Statement("", control: .begin).wait(on: loop) { statement in
            if self.hasBegun { statement.finish(.success(.none)) } else { self.submit(statement) }
        }
    }

    /// - Throws: ``PostgresError``; of kind `commitUnknown` when the connection was lost on the way, of kind `aborted` when a
    ///   statement had failed before; of kind `encoding` when one could not be sent.
    func commit() async throws {
        let rows = try await Statement("", control: .commit).wait(on: loop) { statement in
            if let refused = self.refused { return statement.finish(.failure(refused)) }
            self.hasEnded = true
            if self.hasBegun { self.connection.submit(statement) } else { statement.finish(.success(.none)) }
        }
        if rows.tag == "ROLLBACK" {
            throw PostgresError(.aborted, "a statement had failed and its error was not passed on")
        }
        loop.execute { self.release() }
    }

    /// Ends the transaction without effect, also when COMMIT has failed already. Not to be cancelled.
    /// - Returns: the first failure of a statement since BEGIN.
    func rollback() async -> PostgresError? {
        try? await loop.shielded("postgres rollback") {
            defer { self.release() }
            if self.hasBegun, !self.hasEnded, self.connection.isOpen {
                self.hasEnded = true
                let rollback = Statement("", control: .rollback)
                // A rollback that fails has lost its connection, and the transaction with it.
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
