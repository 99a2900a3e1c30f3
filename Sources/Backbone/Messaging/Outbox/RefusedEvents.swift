public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Events that the log permanently refused: they stay in `outbox_dead` until an operator sends them again.
public struct RefusedEvents: Sendable {
    let service: ServiceName
    let database: Database

    /// - Parameter database: has access to the service's schema.
    public init(service: ServiceName, database: Database) {
        self.service = service
        self.database = database
    }

    /// One refused event.
    public struct Refused: Sendable, Equatable {
        public let id: Int64
        public let topic: String
        public let key: String
        public let eventID: String
        public let reason: String
        public let createdAt: Date
        public let refusedAt: Date
    }

    /// How long they are kept: as long as dead letters, because some contain personal data.
    public static let retentionDays = 30

    /// - Returns: how many expired without being sent again.
    func removeOld(stepCountMax: Int) async throws -> Int {
        try await database.delete(
            from: "\(quoted: service.rawValue).outbox_dead",
            where: "refused_at < statement_timestamp() - \(Int64(Self.retentionDays)) * interval '1 day'",
            stepCountMax: stepCountMax)
    }

    /// Oldest first.
    public func list(countMax: Int = 1_000) async throws -> [Refused] {
        let rows = try await database.query(
            """
            select id, topic, coalesce(key, ''), event_id, reason, created_at, refused_at
            from \(quoted: service.rawValue).outbox_dead order by id limit \(Int64(countMax))
            """)
        return try rows.map { row in
            let (id, topic, key, eventID, reason, createdAt, refusedAt) = try row.decode(
                Int64.self, String.self, [UInt8].self, String.self, String.self, Date.self, Date.self)
            return Refused(
                id: id, topic: topic, key: String(decoding: key, as: UTF8.self), eventID: eventID, reason: reason,
                createdAt: createdAt,
                refusedAt: refusedAt)
        }
    }

    /// Moves the events to the end of the outbox in their old order.
    /// - Returns: how many were moved.
    public func redrive(_ ids: [Int64]) async throws -> Int {
        try await database.execute(
            """
            with gone as (
                delete from \(quoted: service.rawValue).outbox_dead where id = any(\(ids))
                returning id, topic, key, event_id, headers, value
            )
            insert into \(quoted: service.rawValue).outbox (topic, key, event_id, headers, value)
            select topic, key, event_id, headers, value
            from pg_advisory_xact_lock_shared(hashtextextended(\(service.rawValue) || '.outbox', 0)), gone
            order by gone.id
            """)
    }
}
