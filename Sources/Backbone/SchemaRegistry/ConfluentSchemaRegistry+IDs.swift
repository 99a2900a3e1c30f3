internal import Avro
public import Postgres

extension ConfluentSchemaRegistry {
    /// Makes sure that the ids the hub's own registry gave away mean the same here: messages in the log carry them.
    /// - Parameter database: where the hub's own registry may be.
    /// - Throws: ``SchemaRegistryError/Kind/refused`` naming the first id that means something else or nothing.
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
