public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The people a service knows of. Events of several topics come in any order, so a person may be erased before they are heard of: an
/// erased one keeps their row as a tombstone, and what comes late finds out.
///
/// The service owns the table, with at least `user_id text primary key` and `erased_at timestamptz`.
public struct People: Sendable {
    private let table: String

    public init(table: String = "person") { self.table = table }

    /// Makes a person known and locks their row: until the transaction ends, nobody else who asks for the lock does anything for them, and
    /// they are not erased.
    ///
    /// It is a statement of its own because the next one must see what the holder of the lock before us committed. Who does not ask whether
    /// the person is erased does not wait for it: both go out in one flight.
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

    /// Leaves a tombstone, whether or not the service had heard of the person, and locks it. The first time of erasure stays.
    public func erase(_ id: UserID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            insert into \(quoted: table) as p (user_id, erased_at) values (\(id.rawValue), \(time))
            on conflict (user_id) do update set erased_at = coalesce(p.erased_at, excluded.erased_at)
            """)
    }
}

/// A person whose lock is asked for.
public struct LockedPerson: ~Copyable, Sendable {
    private let statement: SentStatement

    init(_ statement: consuming SentStatement) { self.statement = statement }

    /// Waits for the lock.
    public consuming func isErased() async throws -> Bool {
        try await statement.rows().first?.decode(Bool.self) ?? false
    }
}
