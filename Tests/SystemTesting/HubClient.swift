internal import Foundation
public import HTTP
internal import HubTesting

/// A client program that uses only the gateway.
public final class HubClient: Sendable {
    public struct Answer: Sendable {
        public let status: Int
        public let fields: HTTPFields
        public let body: [UInt8]

        public func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            do {
                return try JSONDecoder().decode(type, from: Data(body))
            } catch {
                throw UnexpectedAnswer(description: "\(status) \(text.prefix(2_000)): \(error)")
            }
        }
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let address: String
    private let http: HTTPClient

    public init(address: String) {
        self.address = address
        var configuration = HTTPClientConfiguration()
        // Tests send more requests at once than a client has connections.
        configuration.connectionWaitMax = .seconds(600)
        http = HTTPClient(loops: TestLoops.shared, configuration: configuration)
    }

    public func close() async { await http.close() }

    public func get(_ target: String, token: String? = nil) async throws -> Answer {
        try await send(.get, target, token: token)
    }

    public func send(
        _ method: HTTPMethod, _ target: String, token: String? = nil, json: (any Encodable)? = nil,
        fields: HTTPFields = [:]
    ) async throws -> Answer {
        guard let json else { return try await send(method, target, token: token, bytes: [], fields: fields) }
        var fields = fields
        fields["content-type"] = "application/json"
        let encoder = JSONEncoder()
        // The same object always gives the same body, which a repeated request with a key needs.
        encoder.outputFormatting = .sortedKeys
        return try await send(method, target, token: token, bytes: Array(try encoder.encode(json)), fields: fields)
    }

    /// - Parameter bytes: the body; empty for none.
    public func send(
        _ method: HTTPMethod, _ target: String, token: String? = nil, bytes: [UInt8], fields: HTTPFields = [:]
    ) async throws -> Answer {
        var request = HTTPClientRequest(method, address + target, fields: fields)
        if let token { request.fields["authorization"] = "Bearer \(token)" }
        if !bytes.isEmpty { request.body = .bytes(bytes) }
        let response = try await http.send(request, timeout: .seconds(300))
        // A stream of events has no end; see ``EventStream``.
        let isEndless = response.fields["content-type"] == "text/event-stream"
        let body = isEndless ? [] : try await response.body.collect(bytesMax: 16 << 20)
        return Answer(status: response.status.code, fields: response.fields, body: body)
    }

    // MARK: What people do

    public static let password = "a long enough secret"

    public func register(
        _ email: String, firstName: String = "Ada", lastName: String = "Lovelace", correlationID: String? = nil,
        key: String? = nil
    ) async throws -> Answer {
        var fields = HTTPFields()
        fields["x-correlation-id"] = correlationID
        fields["idempotency-key"] = key
        return try await send(
            .post, "/auth/register",
            json: ["email": email, "password": Self.password, "firstName": firstName, "lastName": lastName],
            fields: fields)
    }

    /// - Returns: an access token.
    public func logIn(_ email: String) async throws -> String {
        let answer = try await send(.post, "/auth/login", json: ["email": email, "password": Self.password])
        return try answer.json(Tokens.self).accessToken
    }

    public func points(_ token: String) async throws -> Int {
        try await get("/gamification/me", token: token).json(Points.self).points
    }

    public func mailbox(_ email: String) async throws -> [Mail] {
        let to = email.replacing("@", with: "%40").replacing("+", with: "%2B")
        return try await get("/dev/mailbox?to=\(to)").json(List<Mail>.self).items
    }

    public struct Tokens: Decodable {
        public let accessToken: String
        public let refreshToken: String
    }
    public struct Points: Decodable {
        public let points: Int
    }
    public struct List<Item: Decodable>: Decodable {
        public let items: [Item]
    }
    public struct Mail: Decodable {
        public let to: String
        public let subject: String
        public let text: String
        public let messageId: String
    }
    public struct LedgerRow: Decodable {
        public let points: Int
        public let rule: String
        public let sourceEventId: String
    }
    public struct Account: Decodable {
        public let id: String
        public let email: String
        public let role: String
    }
    public struct Complaint: Decodable {
        public let code: String
    }
}

/// An answer without the expected JSON.
public struct UnexpectedAnswer: Error, CustomStringConvertible {
    /// The status and the body.
    public let description: String
}
