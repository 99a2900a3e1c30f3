public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The people known to a service. Events of several topics arrive in any order, so a person may be erased before other events about
/// them arrive: the row stays as a tombstone, which later events check.
///
/// The service owns the table, with at least `user_id text primary key` and `erased_at timestamptz`.
public struct People: Sendable {
    private let table: String

    public init(table: String = "person") { self.table = table }

    /// Adds a person if unknown and locks their row: until the transaction ends, other callers of this method wait, and the person is
    /// not erased.
    ///
    /// This is a separate statement because the next one must see what the previous lock holder committed. A caller that does not
    /// check for erasure does not wait: both statements are sent together.
    @discardableResult
    public func lock(_ id: UserID, on tx: Transaction) -> LockedPerson {
        LockedPerson(
            tx.send(
                """
                insert into \(quoted: table) (user_id) values (\(id.rawValue))
                on conflict (user_id) do update set user_id = excluded.user_id
                returning erased_at is not null
                """))
    }

    /// Writes and locks a tombstone, whether or not the person was known. A second erasure keeps the first time.
    public func erase(_ id: UserID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            insert into \(quoted: table) as p (user_id, erased_at) values (\(id.rawValue), \(time))
            on conflict (user_id) do update set erased_at = coalesce(p.erased_at, excluded.erased_at)
            """)
    }
}

/// A person whose lock is requested.
public struct LockedPerson: ~Copyable, Sendable {
    private let statement: SentStatement

    init(_ statement: consuming SentStatement) { self.statement = statement }

    /// Waits for the lock.
    public consuming func isErased() async throws -> Bool {
        try await statement.rows().first?.decode(Bool.self) ?? false
    }
}
