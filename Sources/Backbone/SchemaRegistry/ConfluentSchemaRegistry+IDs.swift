internal import Avro
public import Postgres

extension ConfluentSchemaRegistry {
    /// Verifies that the ids assigned by the embedded registry have the same schemas here, because messages in the log contain them.
    /// - Parameter database: the database that may contain the embedded registry.
    /// - Throws: ``SchemaRegistryError/Kind/refused`` with the first id that has another schema or none.
    public nonisolated(nonsending) func checkIDs(ofRegistryIn database: Database) async throws {
        let isThere = try await database.query("select to_regclass('registry.version') is not null").first
        guard let isThere, try isThere.decode(Bool.self) else { return }
        let rows = try await database.query(
            "select distinct id, text from registry.schema s join registry.version v on v.schema_id = s.id order by id")
        for row in rows {
            let (id, text) = try row.decode(Int32.self, String.self)
            if try await schema(id: .number(id)) == Schema(parsing: text) { continue }
            throw SchemaRegistryError(
                .refused,
                """
                the schema registry does not have schema \(id) of the hub's own registry under this id, which messages in the log \
                carry. Import the hub's schemas there with their ids; if there are no messages, drop the schema `registry` of the \
                database
                """)
        }
    }
}
