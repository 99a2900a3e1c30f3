public import Avro

/// Keeps every version of every schema and gives each an id that messages carry.
public protocol SchemaRegistry: Sendable {
    /// The id of a schema under a subject. Registering what is registered already gives the same id.
    nonisolated(nonsending) func register(_ schema: Schema, subject: String) async throws -> SchemaID
    /// The schema of an id, or nil when there is none.
    nonisolated(nonsending) func schema(id: SchemaID) async throws -> Schema?
    /// The versions of a subject, oldest first; none for an unknown subject.
    nonisolated(nonsending) func versions(subject: String) async throws -> [RegisteredSchema]
    /// In order of name.
    nonisolated(nonsending) func subjects() async throws -> [String]
    /// - Throws: what keeps it from being of use now.
    nonisolated(nonsending) func check() async throws
}

/// One version of a subject's schema.
public struct RegisteredSchema: Equatable, Sendable {
    public let subject: String
    /// From 1.
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
