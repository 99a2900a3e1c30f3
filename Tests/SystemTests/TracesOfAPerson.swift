import Contracts
import Foundation
import HubTesting
import Postgres
import SystemTesting

/// All places of a hub that contain a word: tables from the database's catalogue, files, and program output.
struct TracesOfAPerson {
    let hub: HubUnderTest
    let database: Database
    let objects: ObjectPlace
    /// Parts of names and addresses, in small letters.
    let words: [String]

    /// The tables, as `schema.table`, in a row of which one of the words stands; those of the log aside.
    func tables() async throws -> Set<String> {
        let columns = try await database.query(
            """
            select table_schema::text, table_name::text, column_name::text, udt_name::text
            from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
            where table_schema not in ('pg_catalog', 'information_schema', 'event_log') and t.table_type = 'BASE TABLE'
            order by 1, 2, c.ordinal_position
            """
        ).map { try $0.decode(String.self, String.self, String.self, String.self) }
        var found: Set<String> = []
        for (schema, table, column, type) in columns {
            // Bytes are looked at as they are; of everything else, in whatever type, as it would be shown.
            let text: SQL =
                switch type {
                case "bytea": "encode(\(quoted: column), 'escape')"
                case "_bytea":
                    "array_to_string(array(select encode(b, 'escape') from unnest(\(quoted: column)) b), ' ')"
                default: "\(quoted: column)::text"
                }
            let rows = try await database.query(
                "select from \(quoted: schema).\(quoted: table) where lower(\(text)) like any(\(patterns)) limit 1")
            if !rows.isEmpty { found.insert("\(schema).\(table)") }
        }
        return found
    }

    /// The topics in which one of the words stands.
    func topics() async throws -> Set<String> {
        let rows = try await database.query(
            """
            select distinct t.name from event_log.record r
            join event_log.partition using (partition_id) join event_log.topic t using (topic_id)
            where lower(concat_ws(' ', encode(r.key, 'escape'), encode(r.headers, 'escape'), encode(r.value, 'escape')))
                like any(\(patterns))
            """)
        return Set(try rows.map { try $0.decode(String.self) })
    }

    /// The objects with one of the words in their name, bytes or text.
    func files() async throws -> Set<String> {
        var found: Set<String> = []
        for (name, bytes) in try await objects.all(of: hub) {
            var text = name + String(decoding: bytes, as: UTF8.self)
            if bytes.starts(with: Array("%PDF".utf8)) { text += try PDFReader.text(of: bytes) }
            if contains(text) { found.insert(name) }
        }
        return found
    }

    func contains(_ text: String) -> Bool { words.contains { text.lowercased().contains($0) } }

    private var patterns: [String] { words.map { "%\($0)%" } }
}
