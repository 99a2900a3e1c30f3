public import Avro
public import EventLoop
internal import HTTP
import Synchronization

/// An external registry with Confluent's REST API, used instead of the embedded one.
///
/// Results are cached permanently: the schema of an id never changes, nor the id of a schema in a subject.
public final class ConfluentSchemaRegistry: SchemaRegistry {
    private struct Registration: Hashable {
        let subject: String
        let text: String
    }
    /// The maximum number of cached ids; beyond it the registry is queried again.
    private static let registrationCountMax = 10_000

    private let servers: RegistryServers
    private let known = SchemaCache<Int32>()
    private let registrations = Mutex<[Registration: Int32]>([:])

    public var addresses: RegistryAddresses { servers.addresses }

    /// - Parameter userInfo: `user:password` for basic authentication.
    public convenience init(_ addresses: RegistryAddresses, userInfo: String?, loops: EventLoopGroup) {
        self.init(addresses, userInfo: userInfo, loops: loops, patience: RegistryServers.Patience())
    }

    init(
        _ addresses: RegistryAddresses, userInfo: String?, loops: EventLoopGroup, patience: RegistryServers.Patience
    ) {
        servers = RegistryServers(addresses, userInfo: userInfo, loops: loops, patience: patience)
    }

    /// A schema that is already registered is only looked up, so read-only credentials suffice.
    public nonisolated(nonsending) func register(_ schema: Schema, subject: String) async throws -> SchemaID {
        let registration = Registration(subject: subject, text: schema.normalText)
        if let id = registrations.withLock({ $0[registration] }) { return .number(id) }
        let body = JSONTree.object([.init("schema", .string(registration.text))])
        let path = "/subjects/\(PercentEncoding.encode(subject))"
        var answer = try await servers.send(.post, path, body)
        if answer.status == 404 { answer = try await servers.send(.post, "\(path)/versions", body) }
        let id = try Self.id(in: try Self.accepted(answer, subject))
        registrations.withLock { registrations in
            if registrations.count >= Self.registrationCountMax { registrations = [:] }
            registrations[registration] = id
        }
        known.keep(schema, as: id)
        return .number(id)
    }

    public nonisolated(nonsending) func schema(id: SchemaID) async throws -> Schema? {
        guard case .number(let number) = id else { return nil }
        if let schema = known[number] { return schema }
        let answer = try await servers.send(.get, "/schemas/ids/\(number)")
        if answer.status == 404 { return nil }
        let schema = try Self.schema(in: try Self.accepted(answer, "schema \(number)"), "schema \(number)")
        known.keep(schema, as: number)
        return schema
    }

    public nonisolated(nonsending) func versions(subject: String) async throws -> [RegisteredSchema] {
        let path = "/subjects/\(PercentEncoding.encode(subject))/versions"
        let listed = try await servers.send(.get, path)
        if listed.status == 404 { return [] }
        var versions: [RegisteredSchema] = []
        for number in try Self.accepted(listed, subject).items?.compactMap(\.integer) ?? [] {
            let answer = try await servers.send(.get, "\(path)/\(number)")
            // Deleted after it was listed.
            if answer.status == 404 { continue }
            let version = try Self.accepted(answer, subject)
            versions.append(
                RegisteredSchema(
                    subject: subject, version: Int(number), id: .number(try Self.id(in: version)),
                    schema: try Self.schema(in: version, "version \(number) of \(subject)")))
        }
        return versions
    }

    public nonisolated(nonsending) func subjects() async throws -> [String] {
        let answer = try await servers.send(.get, "/subjects")
        return try Self.accepted(answer, "subjects").items?.compactMap(\.text).sorted() ?? []
    }

    public nonisolated(nonsending) func check() async throws {
        _ = try await servers.send(.get, "/schemas/types", isPatient: false)
    }

    // MARK: Responses

    private static func accepted(_ answer: RegistryServers.Answer, _ what: String) throws -> JSONTree {
        if answer.isSuccess { return answer.json }
        throw SchemaRegistryError(
            answer.status == 409 ? .incompatible : .refused,
            "the schema registry refused \(what): \(answer.message) (\(answer.code ?? Int64(answer.status)))")
    }

    private static func id(in json: JSONTree) throws -> Int32 {
        guard let id = json["id"]?.integer.flatMap({ Int32(exactly: $0) }) else {
            throw SchemaRegistryError(
                .unavailable, "no schema id in the response: not a schema registry, or a proxy answered")
        }
        return id
    }

    private static func schema(in json: JSONTree, _ what: String) throws -> Schema {
        let type = json["schemaType"]?.text ?? "AVRO"
        guard type == "AVRO" else { throw SchemaRegistryError(.unreadable, "\(what) is \(type), not Avro") }
        if json["references"]?.items?.isEmpty == false {
            throw SchemaRegistryError(
                .unreadable, "\(what) refers to schemas of other subjects, which is not supported")
        }
        guard let text = json["schema"]?.text else {
            throw SchemaRegistryError(
                .unavailable, "no schema in the response: not a schema registry, or a proxy answered")
        }
        do throws(AvroError) {
            return try Schema(parsing: text)
        } catch {
            throw SchemaRegistryError(.unreadable, "\(what) cannot be read: \(error)")
        }
    }
}
