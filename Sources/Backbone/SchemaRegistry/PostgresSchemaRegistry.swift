public import Avro
public import Postgres
import Synchronization

/// The embedded registry: every version of every schema, in tables of the schema `registry`.
///
/// Ids are given once and never change. Any number of processes may register the same schemas at once.
public final class PostgresSchemaRegistry: SchemaRegistry {
    /// The PostgreSQL schema its tables live in; run ``migrations`` there before use.
    public static let schema = "registry"

    private let database: Database
    /// Schemas never change under their id, so what was read once is kept.
    private let known = Mutex<[Int32: Schema]>([:])

    public init(database: Database) {
        self.database = database
    }

    public nonisolated(nonsending) func register(_ schema: Schema, subject: String) async throws -> SchemaID {
        let text = schema.compactText
        if let id = try await find(text, subject: subject) { return .number(id) }
        let id = try await database.transaction { transaction in
            // One writer at a time, so that ids and versions have no gaps; readers are not held up.
            _ = try await transaction.query("select pg_advisory_xact_lock(hashtextextended('registry.schema', 0))")
            _ = try await transaction.execute(
                "insert into registry.schema (text) values (\(text)) on conflict (md5(text)) do nothing")
            let row = try await transaction.query("select id from registry.schema where md5(text) = md5(\(text))").first
            guard let id = try row?.decode(Int32.self) else { throw SchemaRegistryError("the schema was not kept") }
            _ = try await transaction.execute(
                """
                insert into registry.version (subject, version, schema_id)
                select \(subject), coalesce(max(version), 0) + 1, \(id) from registry.version where subject = \(subject)
                on conflict (subject, schema_id) do nothing
                """)
            return id
        }
        known.withLock { $0[id] = schema }
        return .number(id)
    }

    private nonisolated(nonsending) func find(_ text: String, subject: String) async throws -> Int32? {
        let rows = try await database.query(
            """
            select s.id from registry.schema s join registry.version v on v.schema_id = s.id
            where md5(s.text) = md5(\(text)) and v.subject = \(subject)
            """)
        return try rows.first?.decode(Int32.self)
    }

    public nonisolated(nonsending) func schema(id: SchemaID) async throws -> Schema? {
        guard case .number(let number) = id else { return nil }
        if let schema = known.withLock({ $0[number] }) { return schema }
        let rows = try await database.query("select text from registry.schema where id = \(number)")
        guard let text = try rows.first?.decode(String.self) else { return nil }
        let schema = try Schema(parsing: text)
        known.withLock { $0[number] = schema }
        return schema
    }

    public nonisolated(nonsending) func versions(subject: String) async throws -> [RegisteredSchema] {
        let rows = try await database.query(
            """
            select v.version, s.id, s.text from registry.version v join registry.schema s on s.id = v.schema_id
            where v.subject = \(subject) order by v.version
            """)
        return try rows.map { row in
            let (version, id, text) = try row.decode(Int32.self, Int32.self, String.self)
            return RegisteredSchema(
                subject: subject, version: Int(version), id: .number(id), schema: try Schema(parsing: text))
        }
    }

    public nonisolated(nonsending) func subjects() async throws -> [String] {
        let rows = try await database.query("select distinct subject from registry.version order by subject")
        return try rows.map { row in try row.decode(String.self) }
    }
}

/// What went wrong inside the registry itself.
public struct SchemaRegistryError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
