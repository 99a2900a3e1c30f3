internal import Postgres

/// A row of the outbox on its way to the log.
struct OutgoingEvent: Sendable {
    var id: Int64
    var record: NewRecord
    var createdAtMs: Int64
}

/// Reads the outbox in the order of its ids and skips none.
///
/// Ids are given out before commit, so one can become visible after a higher one; publishing past the hole would break the order
/// of a key. The rule: ids are taken only in an unbroken run. At a hole the reader looks again, since its transaction is about to
/// commit; a hole that stays belongs to a transaction that was rolled back. To know, the reader takes, for a moment, the lock
/// that every transaction shares from before it is given ids until it has committed: while it is held alone, everything up to the
/// last id given out is visible or will never be.
///
/// Of two transactions that change the same thing one waits for the other's commit (the row lock of an account, a unique key),
/// and ids are given out just before COMMIT, so their ids have the order of their commits.
struct OutboxReader {
    /// Rows up to here were handed out.
    private var readThrough: Int64 = 0
    /// Ids up to here are visible or will never be; nil before the lock was first asked.
    private var settledThrough: Int64?
    private var looksAtHole = 0
    /// The last read found the end: there is nothing to read until the bell rings.
    private(set) var isAtEnd = false
    let countMax: Int
    let bytesMax: Int

    /// How often a hole is looked at before the lock is asked.
    private static let looksMax = 3

    init(countMax: Int, bytesMax: Int) {
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    enum Found: Sendable {
        case events([OutgoingEvent])
        /// Rows are there, behind one that is not visible yet.
        case hole
        case nothing
    }

    /// Whether ``settle(_:)`` must be called before the next read.
    var mustSettle: Bool { settledThrough == nil || looksAtHole >= Self.looksMax }

    /// Waits for the transactions that hold ids now, and keeps new ones from getting ids meanwhile: as long as a commit takes.
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

    /// What comes after the rows handed out.
    /// - Parameter sent: rows to be removed by the way.
    func statement(removing sent: [Int64]) -> SQL {
        sent.isEmpty ? selection : "with \(Self.removal(of: sent)) \(selection)"
    }

    /// Does not wait for the disk: a removal the server forgets in a crash means that events are sent again.
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

    /// Takes the unbroken run at the beginning of what ``statement`` answered.
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

    /// Rows from `id` on are to be handed out again.
    mutating func rewind(to id: Int64) {
        readThrough = min(readThrough, id - 1)
        isAtEnd = false
    }
}
