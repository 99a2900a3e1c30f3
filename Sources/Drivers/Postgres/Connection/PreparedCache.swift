/// A statement prepared on one connection.
final class PreparedStatement {
    let key: StatementKey
    let name: String
    var lastUse: UInt64 = 0
    /// Why preparing failed: the statements sent after it only fail with "does not exist".
    var failure: PostgresError?

    init(key: StatementKey, name: String) {
        self.key = key
        self.name = name
    }
}

/// The prepared statements of a connection; the least recently used is evicted when there are too many.
struct PreparedCache {
    private var statements: [StatementKey: PreparedStatement] = [:]
    private var uses: UInt64 = 0
    private var nextName: UInt64 = 0
    private let countMax: Int
    /// Evicted statements that still have to be deallocated on the server.
    private(set) var dropped: [String] = []

    init(countMax: Int) { self.countMax = max(1, countMax) }

    mutating func find(_ key: StatementKey) -> PreparedStatement? {
        guard let statement = statements[key] else { return nil }
        uses += 1
        statement.lastUse = uses
        return statement
    }

    mutating func insert(_ key: StatementKey) -> PreparedStatement {
        if statements.count >= countMax, let oldest = statements.values.min(by: { $0.lastUse < $1.lastUse }) {
            statements[oldest.key] = nil
            dropped.append(oldest.name)
        }
        uses += 1
        nextName += 1
        let statement = PreparedStatement(key: key, name: "s\(nextName)")
        statement.lastUse = uses
        statements[key] = statement
        return statement
    }

    /// Forgets a statement; `isOnServer` when it also has to be deallocated there.
    mutating func remove(_ statement: PreparedStatement, isOnServer: Bool) {
        guard statements[statement.key] === statement else { return }
        statements[statement.key] = nil
        if isOnServer { dropped.append(statement.name) }
    }

    mutating func takeDropped() -> String? { dropped.popLast() }

    /// The server could not deallocate it now; it is retried later.
    mutating func keepDropped(_ name: String) { dropped.append(name) }
}
