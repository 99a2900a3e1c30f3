import Avro
import Synchronization

/// Caches schemas by id. They never change; when the cache is full, it is cleared.
final class SchemaCache<ID: Hashable & Sendable>: Sendable {
    private struct State {
        var schemas: [ID: Schema] = [:]
        var byteCount = 0
    }

    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: the maximum total size of the schemas' texts.
    init(bytesMax: Int = 16 * 1024 * 1024) { self.bytesMax = bytesMax }

    subscript(id: ID) -> Schema? { state.withLock { $0.schemas[id] } }

    func keep(_ schema: Schema, as id: ID) {
        state.withLock { state in
            if state.byteCount + schema.text.utf8.count > bytesMax { state = State() }
            if state.schemas.updateValue(schema, forKey: id) == nil { state.byteCount += schema.text.utf8.count }
        }
    }
}
