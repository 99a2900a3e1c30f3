public import Avro
public import SchemaRegistry
internal import Synchronization

/// A registry in memory, for tests without a database.
public final class InMemorySchemaRegistry: SchemaRegistry {
    private struct State {
        var schemas: [Schema] = []
        var versions: [String: [RegisteredSchema]] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    public nonisolated(nonsending) func register(_ schema: Schema, subject: String) async throws -> SchemaID {
        state.withLock { state in
            if let known = state.versions[subject]?.first(where: { $0.schema == schema }) { return known.id }
            let index = state.schemas.firstIndex(of: schema) ?? state.schemas.count
            if index == state.schemas.count { state.schemas.append(schema) }
            let id = SchemaID.number(Int32(index + 1))
            let version = (state.versions[subject]?.count ?? 0) + 1
            state.versions[subject, default: []].append(
                RegisteredSchema(subject: subject, version: version, id: id, schema: schema))
            return id
        }
    }

    public nonisolated(nonsending) func schema(id: SchemaID) async throws -> Schema? {
        guard case .number(let number) = id else { return nil }
        return state.withLock { state in
            state.schemas.indices.contains(Int(number) - 1) ? state.schemas[Int(number) - 1] : nil
        }
    }

    public nonisolated(nonsending) func versions(subject: String) async throws -> [RegisteredSchema] {
        state.withLock { $0.versions[subject] ?? [] }
    }

    public nonisolated(nonsending) func subjects() async throws -> [String] {
        state.withLock { $0.versions.keys.sorted() }
    }

    public nonisolated(nonsending) func check() async throws {}
}
