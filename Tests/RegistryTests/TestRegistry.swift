import Avro
import Contracts
import HTTP
import HubTesting
import Registry
import ServiceTesting
import Testing

/// The registry behind a real socket.
struct TestRegistry: Sendable {
    static let vendorType = "application/vnd.schemaregistry.v1+json"

    struct Answer: Sendable {
        let status: Int
        let fields: HTTPFields
        let text: String

        var json: JSONTree { get throws { try JSONTree(parsing: text, bytesMax: 64 << 20) } }
        /// The number a refusal carries, nil when this is none.
        var code: Int64? { (try? json)?["error_code"]?.integer }
        var message: String { (try? json)?["message"]?.text ?? "" }
    }

    let service: TestService<RegistryService>
    let address: String
    private let http = HTTPClient(loops: TestLoops.shared)

    static func with(
        settings: [String: String] = [:], _ body: @escaping @Sendable (TestRegistry) async throws -> Void
    ) async throws {
        try await TestService<RegistryService>.with(settings: settings) { service in
            let router = try #require(service.service.door)
            let server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: router)
            let registry = TestRegistry(service: service, address: "http://127.0.0.1:\(try await server.start())")
            do {
                try await body(registry)
            } catch {
                await registry.http.close()
                await server.drain(within: .zero)
                throw error
            }
            await registry.http.close()
            await server.drain(within: .zero)
        }
    }

    func send(
        _ method: HTTPMethod, _ target: String, _ body: String? = nil, type: String? = vendorType,
        fields: HTTPFields = [:]
    ) async throws -> Answer {
        var request = HTTPClientRequest(method, address + target, fields: fields)
        if let body {
            request.fields["content-type"] = type
            request.body = .text(body)
        }
        let response = try await http.send(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(bytesMax: 64 << 20)
        return Answer(
            status: response.status.code, fields: response.fields, text: String(decoding: bytes, as: UTF8.self))
    }

    func get(_ target: String) async throws -> String {
        let answer = try await send(.get, target)
        #expect(answer.status == 200, "\(target): \(answer.text)")
        return answer.text
    }

    /// - Returns: its id.
    @discardableResult
    func register(_ schema: String, _ subject: String) async throws -> Int64 {
        let answer = try await send(.post, "/subjects/\(subject)/versions", Self.request(schema))
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(try answer.json["id"]?.integer)
    }

    /// The body that carries a schema.
    static func request(_ schema: String, _ more: (String, JSONTree)...) -> String {
        JSONTree.object([.init("schema", .string(schema))] + more.map { .init($0.0, $0.1) }).compactText()
    }

    /// A record with so many optional fields: each is compatible with every other, both ways.
    static func record(_ fieldCount: Int, name: String = "R") -> String {
        let fields = (0..<fieldCount).map { #"{"name":"f\#($0)","type":"int","default":0}"# }
        return #"{"type":"record","name":"\#(name)","fields":[\#(fields.joined(separator: ","))]}"#
    }

    /// Incompatible with ``record(_:name:)``, which lacks the field.
    static let demanding = #"{"type":"record","name":"R","fields":[{"name":"must","type":"string"}]}"#
}
