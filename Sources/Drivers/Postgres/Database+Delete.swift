extension Database {
    /// Removes rows in steps, each a transaction of its own on a connection of its own: many rows go without holding up the statements
    /// that share a connection, and without holding locks for long.
    ///
    /// Rows that appear while it runs may go too. When a step fails or the task is cancelled, what earlier steps removed is gone.
    /// - Parameters:
    ///   - table: as in a statement, with its schema where that is another.
    ///   - condition: which rows; it must have few rows to look at besides those it names.
    ///   - stepCountMax: rows a step removes at most.
    /// - Returns: how many rows went.
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
