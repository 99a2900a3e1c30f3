import Foundation
import HTTP
import HubTesting

/// A person's program: speaks to the gateway and knows nothing else.
final class HubClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let fields: HTTPFields
        let body: [UInt8]

        func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(type, from: Data(body))
        }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let address: String
    private let http: HTTPClient

    init(address: String) {
        self.address = address
        http = HTTPClient(loops: TestLoops.shared)
    }

    func close() async { await http.close() }

    func get(_ target: String, token: String? = nil) async throws -> Answer {
        try await send(.get, target, token: token)
    }

    func send(
        _ method: HTTPMethod, _ target: String, token: String? = nil, json: [String: String]? = nil,
        fields: HTTPFields = [:]
    ) async throws -> Answer {
        var request = HTTPClientRequest(method, address + target, fields: fields)
        if let token { request.fields["authorization"] = "Bearer \(token)" }
        if let json {
            request.fields["content-type"] = "application/json"
            let encoder = JSONEncoder()
            // The same object is the same body: what is sent again under a key must be.
            encoder.outputFormatting = .sortedKeys
            request.body = .bytes(Array(try encoder.encode(json)))
        }
        let response = try await http.send(request, timeout: .seconds(300))
        let body = try await response.body.collect(bytesMax: 16 << 20)
        return Answer(status: response.status.code, fields: response.fields, body: body)
    }

    // MARK: What people do

    static let password = "a long enough secret"

    func register(
        _ email: String, firstName: String = "Ada", correlationID: String? = nil, key: String? = nil
    ) async throws -> Answer {
        var fields = HTTPFields()
        fields["x-correlation-id"] = correlationID
        fields["idempotency-key"] = key
        return try await send(
            .post, "/auth/register",
            json: ["email": email, "password": Self.password, "firstName": firstName, "lastName": "Lovelace"],
            fields: fields)
    }

    /// - Returns: an access token.
    func logIn(_ email: String) async throws -> String {
        let answer = try await send(.post, "/auth/login", json: ["email": email, "password": Self.password])
        return try answer.json(Tokens.self).accessToken
    }

    func points(_ token: String) async throws -> Int {
        try await get("/gamification/me", token: token).json(Points.self).points
    }

    func mailbox(_ email: String) async throws -> [Mail] {
        let to = email.replacing("@", with: "%40").replacing("+", with: "%2B")
        return try await get("/dev/mailbox?to=\(to)").json(List<Mail>.self).items
    }

    struct Tokens: Decodable {
        let accessToken: String
        let refreshToken: String
    }
    struct Points: Decodable {
        let points: Int
    }
    struct List<Item: Decodable>: Decodable {
        let items: [Item]
    }
    struct Mail: Decodable {
        let to: String
        let subject: String
        let text: String
        let messageId: String
    }
    struct LedgerRow: Decodable {
        let points: Int
        let rule: String
        let sourceEventId: String
    }
    struct Account: Decodable {
        let id: String
        let email: String
        let role: String
    }
    struct Complaint: Decodable {
        let code: String
    }
}
