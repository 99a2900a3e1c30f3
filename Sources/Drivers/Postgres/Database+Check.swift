internal import Synchronization

extension Database {
    /// Checks whether the database responds and can do its work.
    ///
    /// The check is one small query and may run every second. After the server has refused a statement for lack of resources (such as a
    /// full disk) or a missing right, the check also writes to a temporary table until that succeeds.
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
            // A role without the right to create the table learns of the problem from the next refused statement.
        }
        isUnable.store(false, ordering: .releasing)
    }

    /// More than fits into the free space of already allocated pages.
    private static let roomKibibytes = 512

    func note(_ error: any Error) {
        if let error = error as? PostgresError, error.isInability { isUnable.store(true, ordering: .releasing) }
    }
}
