public import Avro
public import Contracts
import Synchronization

/// Encodes envelopes as messages and decodes them: the schema id, followed by the Avro body.
///
/// Messages with our schema are decoded directly; those of other versions through a plan that is compiled once.
public final class EventCodec: Sendable {
    private struct PlanKey: Hashable {
        let event: ObjectIdentifier
        let id: SchemaID
    }

    private struct State {
        /// The frame before the body, for each event type.
        var headers: [ObjectIdentifier: [UInt8]] = [:]
        var plans: [PlanKey: ResolutionPlan] = [:]
        var schemas: [SchemaID: Schema] = [:]
    }

    private let registry: any SchemaRegistry
    private let state = Mutex(State())

    public init(registry: any SchemaRegistry) {
        self.registry = registry
    }

    /// Registers the schemas of events, which is required before encoding. Call once at start.
    /// - Throws: what the registry throws.
    public nonisolated(nonsending) func prepare(_ events: [any Event.Type]) async throws {
        for event in events {
            let id = try await registry.register(event.schema, subject: event.topic.valueSubject)
            state.withLock { $0.headers[ObjectIdentifier(event)] = SchemaFrame.header(for: id) }
        }
    }

    /// Encodes a message.
    /// - Throws: ``EventCodecError/Kind/notPrepared``.
    public func encode<E: Event>(_ envelope: Envelope<E>) throws(EventCodecError) -> [UInt8] {
        let header = state.withLock { $0.headers[ObjectIdentifier(E.self)] }
        guard let header else { throw EventCodecError(.notPrepared, E.topic.name) }
        var encoder = AvroEncoder()
        encoder.writeRaw(header)
        E.encode(envelope, into: &encoder)
        return encoder.bytes
    }

    /// Decodes the event of a message.
    public nonisolated(nonsending) func decode<E: Event>(
        _ message: [UInt8], as event: E.Type = E.self
    ) async throws(EventCodecError) -> Envelope<E> {
        let (id, start) = try SchemaFrame.parse(message)
        let key = PlanKey(event: ObjectIdentifier(E.self), id: id)
        var plan = state.withLock { $0.plans[key] }
        if plan == nil { plan = try await compilePlan(for: E.self, key) }
        do throws(AvroError) {
            return try Envelope<E>(avro: message, from: start, by: plan)
        } catch {
            throw EventCodecError(.malformedBody, "\(E.topic.name): \(error)", avro: error)
        }
    }

    /// The writer's schema of a message, and its value: for tools without the Swift type.
    public nonisolated(nonsending) func value(
        of message: [UInt8]
    ) async throws(EventCodecError) -> (schema: Schema, value: AvroValue) {
        let (id, start) = try SchemaFrame.parse(message)
        let schema = try await schema(id: id)
        do throws(AvroError) {
            return (schema, try AvroValue(decoding: message, from: start, schema: schema))
        } catch {
            throw EventCodecError(.malformedBody, "schema \(id): \(error)", avro: error)
        }
    }

    /// Encodes a message from its JSON form.
    public nonisolated(nonsending) func json(of message: [UInt8]) async throws(EventCodecError) -> JSONTree {
        let (schema, value) = try await value(of: message)
        do throws(AvroError) {
            return try value.json(of: schema)
        } catch {
            throw EventCodecError(.malformedBody, "\(error)", avro: error)
        }
    }

    private nonisolated(nonsending) func compilePlan<E: Event>(
        for event: E.Type, _ key: PlanKey
    ) async throws(EventCodecError) -> ResolutionPlan {
        let writer = try await schema(id: key.id)
        do throws(AvroError) {
            let plan = try ResolutionPlan(writer: writer, reader: E.schema)
            state.withLock { $0.plans[key] = plan }
            return plan
        } catch {
            throw EventCodecError(.incompatibleSchema, "\(E.topic.name), schema \(key.id): \(error)", avro: error)
        }
    }

    private nonisolated(nonsending) func schema(id: SchemaID) async throws(EventCodecError) -> Schema {
        if let known = state.withLock({ $0.schemas[id] }) { return known }
        let found: Schema?
        do {
            found = try await registry.schema(id: id)
        } catch let error as SchemaRegistryError where error.kind == .unreadable {
            throw EventCodecError(.incompatibleSchema, "\(error)")
        } catch {
            throw EventCodecError(.registryUnavailable, "\(error)")
        }
        guard let found else { throw EventCodecError(.unknownSchema, "\(id)") }
        state.withLock { $0.schemas[id] = found }
        return found
    }
}
