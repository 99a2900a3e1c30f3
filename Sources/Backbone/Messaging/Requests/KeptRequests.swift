internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Reads the records of a ``RequestLog``.
struct KeptRequests: Sendable {
    /// A search for the requests of a trace, with its time range if known.
    struct Wanted: Sendable {
        var correlationID: String
        var times: ClosedRange<Date>?
    }

    let database: Database
    /// The maximum number of blocks per query.
    var blocksCountMax = Journey.Limits().blocksCountMax

    /// The requests, and whether the limit of a query was reached.
    func find(_ wanted: [Wanted]) async throws -> (requests: [AnsweredRequest], isCutShort: Bool) {
        guard !wanted.isEmpty, try await isThere() else { return ([], false) }
        let fields = wanted.map { RequestBlock.field(of: $0.correlationID) }
        let starts = wanted.map { $0.times?.lowerBound ?? Date(timeIntervalSince1970: 0) }
        let ends = wanted.map { $0.times?.upperBound ?? Date(timeIntervalSince1970: 32_503_680_000) }
        let rows = try await database.query(
            """
            select b.data from requests.block b where exists (
                select from unnest(\(fields), \(starts), \(ends)) as w (field, first, last)
                where b.last_at >= w.first and b.first_at <= w.last and position(w.field in b.data) > 0)
            order by b.id limit \(Int64(blocksCountMax) + 1)
            """)
        let ids = Set(wanted.map(\.correlationID))
        let requests = try rows.prefix(blocksCountMax).flatMap {
            RequestBlock.requests(in: try $0.decode([UInt8].self), of: ids)
        }
        return (requests, rows.count > blocksCountMax)
    }

    /// The table is missing in a hub that an older version of the program migrated.
    private func isThere() async throws -> Bool {
        let rows = try await database.query("select to_regclass('requests.block') is not null")
        return try rows.first?.decode(Bool.self) ?? false
    }
}
