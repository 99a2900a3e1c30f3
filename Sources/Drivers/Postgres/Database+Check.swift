internal import Synchronization

extension Database {
    /// Whether the database answers, and does what it is there for.
    ///
    /// That is one small question, which may be asked each second. Once the server has refused something for want of means, a full disk
    /// or a right it has lost, answering is not enough: then it is asked to write as well, until it can. What is written is gone at once.
    /// - Throws: ``PostgresError``, `CancellationError`.
    public func check() async throws {
        guard isUnable.load(ordering: .acquiring) else {
            _ = try await query("select 1")
            return
        }
        do {
            try await transaction { tx in
                try await tx.execute(
                    """
                    create temporary table room_check on commit drop as
                    select repeat('x', 1000) as filling from generate_series(1, \(Self.roomKibibytes))
                    """)
            }
        } catch let error as PostgresError where error.sqlState == PostgresError.insufficientPrivilege {
            // Whoever may make no such table finds out by what is refused next.
        }
        isUnable.store(false, ordering: .releasing)
    }

    /// More than what is left in pages that the tables have already.
    private static let roomKibibytes = 512

    func note(_ error: any Error) {
        if let error = error as? PostgresError, error.isInability { isUnable.store(true, ordering: .releasing) }
    }
}
