internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    // MARK: Objects

    func upsert(_ id: String, _ kind: String, _ object: some Encodable, on tx: Transaction) throws {
        tx.submit(
            """
            insert into object (id, kind, body) values (\(id), \(kind), \(try JSONValue(encoding: object)))
            on conflict (id) do update set body = excluded.body
            """)
    }

    /// The object, locked until the transaction ends.
    func lock<Object: Decodable>(_ id: String, as type: Object.Type, on tx: Transaction) async throws -> Object? {
        let rows = try await tx.query("select body from object where id = \(id) for update")
        return try rows.first?.decode(JSONValue.self).decode(type)
    }

    func find<Object: Decodable>(_ id: String, as type: Object.Type, on database: Database) async throws -> Object? {
        let rows = try await database.query("select body from object where id = \(id)")
        return try rows.first?.decode(JSONValue.self).decode(type)
    }

    /// Oldest first.
    func list<Object: Decodable>(_ kind: String, as type: Object.Type, on database: Database) async throws -> [Object] {
        let rows = try await database.query("select body from object where kind = \(kind) order by created_at, id")
        return try rows.map { try $0.decode(JSONValue.self).decode(type) }
    }

    // MARK: Idempotency keys

    struct Answer: Sendable {
        var fingerprint: [UInt8]
        var status: Int
        var body: [UInt8]
    }

    /// Locks the key until the transaction ends; waits for another holder.
    func lockKey(_ key: String, on tx: Transaction) async throws -> Answer? {
        tx.submit("select pg_advisory_xact_lock(hashtextextended(\("sandbox." + key), 0))")
        let rows = try await tx.query("select fingerprint, status, body from answer where key = \(key)")
        return try rows.first.map { row in
            let (fingerprint, status, body) = try row.decode([UInt8].self, Int32.self, [UInt8].self)
            return Answer(fingerprint: fingerprint, status: Int(status), body: body)
        }
    }

    func insert(_ answer: Answer, of key: String, on tx: Transaction) {
        tx.submit(
            """
            insert into answer (key, fingerprint, status, body)
            values (\(key), \(answer.fingerprint), \(Int32(clamping: answer.status)), \(answer.body))
            """)
    }

    func deleteOldAnswers(on database: Database) async throws {
        try await database.delete(
            from: "answer", where: "answered_at < clock_timestamp() - interval '1 day'", stepCountMax: 5_000)
    }

    // MARK: Events

    func insertEvent(_ id: String, _ body: [UInt8], isHeld: Bool, on tx: Transaction) {
        tx.submit("insert into event (id, body, is_held) values (\(id), \(body), \(isHeld))")
    }

    func findEvent(_ id: String, on database: Database) async throws -> [UInt8]? {
        try await database.query("select body from event where id = \(id)").first?.decode([UInt8].self)
    }

    /// In reverse order; they are no longer held.
    func releaseEvents(on tx: Transaction) async throws -> [String] {
        let rows = try await tx.query(
            """
            with freed as (update event set is_held = false where is_held returning id, turn)
            select id from freed order by turn desc
            """)
        return try rows.map { try $0.decode(String.self) }
    }
}
