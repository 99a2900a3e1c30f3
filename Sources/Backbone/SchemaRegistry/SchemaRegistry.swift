public import Avro

/// Stores every version of every schema and assigns the ids that messages contain.
public protocol SchemaRegistry: Sendable {
    /// The id of a schema in a subject. Registering an existing schema returns the same id.
    nonisolated(nonsending) func register(_ schema: Schema, subject: String) async throws -> SchemaID
    /// The schema with an id, or nil.
    nonisolated(nonsending) func schema(id: SchemaID) async throws -> Schema?
    /// The versions of a subject, oldest first; empty for an unknown subject.
    nonisolated(nonsending) func versions(subject: String) async throws -> [RegisteredSchema]
    /// Sorted by name.
    nonisolated(nonsending) func subjects() async throws -> [String]
    /// - Throws: why the registry is not usable now.
    nonisolated(nonsending) func check() async throws
}

/// One version of a subject's schema.
public struct RegisteredSchema: Equatable, Sendable {
    public let subject: String
    /// Counted from 1.
    public let version: Int
    public let id: SchemaID
    public let schema: Schema

    public init(subject: String, version: Int, id: SchemaID, schema: Schema) {
        self.subject = subject
        self.version = version
        self.id = id
        self.schema = schema
    }
}
