internal import Postgres

/// A row of the outbox.
struct OutgoingEvent: Sendable {
    var id: Int64
    var record: NewRecord
    var createdAtMs: Int64
}

/// Reads the outbox in id order without skipping rows.
///
/// Ids are assigned before commit, so an id can become visible after a higher one; publishing past such a gap would break the order of a
/// key. Rule: only a contiguous run of ids is read. At a gap the reader reads again, because the transaction is usually about to commit;
/// a permanent gap belongs to a rolled-back transaction. To decide, the reader briefly acquires the lock that every transaction holds
/// shared from before its ids are assigned until it has committed. While the reader holds it exclusively, every assigned id is either
/// visible or will never be.
///
/// Two transactions that change the same object are serialised by a row lock or a unique key, and ids are assigned just before COMMIT, so
/// their ids have the order of their commits.
struct OutboxReader {
    /// Rows up to this id were returned.
    private var readThrough: Int64 = 0
    /// Ids up to this one are visible or will never be; nil before the lock was first acquired.
    private var settledThrough: Int64?
    private var looksAtHole = 0
    /// The last read reached the end: nothing to read until the next signal.
    private(set) var isAtEnd = false
    let countMax: Int
    let bytesMax: Int

    /// How often a gap is read again before the lock is acquired.
    private static let looksMax = 3

    init(countMax: Int, bytesMax: Int) {
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    enum Found: Sendable {
        case events([OutgoingEvent])
        /// Rows exist behind one that is not visible yet.
        case hole
        case nothing
    }

    /// Whether ``settle(_:)`` must be called before the next read.
    var mustSettle: Bool { settledThrough == nil || looksAtHole >= Self.looksMax }

    /// Waits for transactions that have been assigned ids, and blocks new ones meanwhile: for the duration of a commit.
    static func settle(_ database: Database) async throws -> Int64 {
        try await database.transaction { tx in
            _ = try await tx.query("select pg_advisory_xact_lock(hashtextextended(current_schema() || '.outbox', 0))")
            let rows = try await tx.query(
                "select coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0)")
            return try rows.first?.decode(Int64.self) ?? 0
        }
    }

    mutating func settle(through id: Int64) {
        settledThrough = max(settledThrough ?? 0, id)
        looksAtHole = 0
    }

    /// The rows after those already returned.
    /// - Parameter sent: rows to delete in the same statement.
    func statement(removing sent: [Int64]) -> SQL {
        sent.isEmpty ? selection : "with \(Self.removal(of: sent)) \(selection)"
    }

    /// Commits asynchronously: if a server crash loses a deletion, the events are sent again.
    static func removal(of ids: [Int64]) -> SQL {
        """
        relaxed as (select set_config('synchronous_commit', 'off', true) as value),
        gone as (delete from outbox using relaxed where id = any(\(ids)) and relaxed.value is not null)
        """
    }

    private var selection: SQL {
        """
        select id, topic, key, headers, value, (extract(epoch from created_at) * 1000)::bigint from (
            select *, sum(coalesce(octet_length(value), 0)) over (order by id rows unbounded preceding)
                - coalesce(octet_length(value), 0) as bytes_before
            from outbox where id > \(readThrough) order by id limit \(Int64(countMax))
        ) r where bytes_before < \(Int64(bytesMax)) order by id
        """
    }

    /// Takes the contiguous run at the start of the result of ``statement``.
    mutating func take(_ rows: Rows) throws -> Found {
        var events: [OutgoingEvent] = []
        events.reserveCapacity(rows.count)
        var settled = settledThrough ?? 0
        for row in rows {
            let (id, topic, key, headers, value, createdAtMs) = try row.decode(
                Int64.self, String.self, [UInt8]?.self, [UInt8].self, [UInt8]?.self, Int64.self)
            if id > settled + 1 { break }
            settled = max(settled, id)
            readThrough = id
            let record = NewRecord(topic: topic, key: key, headers: HeaderCodec.decode(headers), value: value)
            events.append(OutgoingEvent(id: id, record: record, createdAtMs: createdAtMs))
        }
        settledThrough = settled
        isAtEnd =
            events.count == rows.count && rows.count < countMax
            && events.reduce(0) { $0 + ($1.record.value?.count ?? 0) } < bytesMax
        if !events.isEmpty {
            looksAtHole = 0
            return .events(events)
        }
        if rows.isEmpty { return .nothing }
        looksAtHole += 1
        return .hole
    }

    /// Rows from `id` on are to be returned again.
    mutating func rewind(to id: Int64) {
        readThrough = min(readThrough, id - 1)
        isAtEnd = false
    }
}
