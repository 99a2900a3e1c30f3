extension Database {
    /// Deletes rows in steps. Each step is one transaction on its own connection, so that a large deletion neither delays statements on
    /// shared connections nor holds locks for long.
    ///
    /// Rows inserted meanwhile may be deleted too. When a step fails or the task is cancelled, the deletions of earlier steps remain.
    /// - Parameters:
    ///   - table: as written in a statement, with its schema where needed.
    ///   - condition: selects the rows; evaluating it must not scan many other rows.
    ///   - stepCountMax: how many rows a step deletes at most.
    /// - Returns: how many rows were deleted.
    @discardableResult
    public func delete(from table: SQL, where condition: SQL, stepCountMax: Int) async throws -> Int {
        precondition(stepCountMax > 0, "a step that removes nothing never ends")
        let step: SQL = """
            delete from \(table) where ctid = any(array(
                select ctid from \(table) where \(condition) limit \(Int64(stepCountMax)) for update skip locked))
            """
        var total = 0
        while true {
            let count = try await transaction { tx in try await tx.execute(step) }
            total += count
            if count < stepCountMax { return total }
        }
    }
}
