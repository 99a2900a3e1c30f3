internal import Avro
public import Contracts
public import HTTP

public typealias Response = HTTPResponse

/// A request as a route of a service sees it: checked, with a known identity.
public struct Request: Sendable {
    public internal(set) var http: HTTPRequest
    public let identity: Identity
    /// The opened seal of the gateway or a service; nil when there is none.
    let sealed: SealedRequest?

    public init(_ http: HTTPRequest, identity: Identity) {
        self.http = http
        self.identity = identity
        sealed = nil
    }

    init(_ http: HTTPRequest, _ sealed: SealedRequest) {
        self.http = http
        identity = sealed.identity
        self.sealed = sealed
    }

    /// The logged-in user.
    /// - Throws: 401 without one; never in routes with ``Access/user``.
    public var user: UserID {
        get throws(Problem) {
            guard let id = identity.userID else { throw .notLoggedIn }
            return id
        }
    }

    /// Reads the JSON body as `Body`.
    /// - Throws: 415 when its content type is not JSON, 400 `malformed-json`, 413, 422 `invalid-body` with all field errors.
    public func body<Body: RequestBody>(as type: Body.Type, bytesMax: Int = 64 * 1024) async throws -> Body {
        let mediaType = http.fields["content-type"]?.prefix { $0 != ";" }.lowercased().trimmed()
        guard mediaType == "application/json" else {
            throw Problem.jsonExpected
        }
        let bytes = try await bytes(max: bytesMax)
        var fields = BodyFields(try Self.members(of: bytes))
        let body = Body(&fields)
        try fields.finish()
        return body
    }

    /// Strict JSON: UTF-8, unique names, limited nesting. Parsing takes linear time for any input.
    private static func members(of bytes: [UInt8]) throws(Problem) -> [JSONTree.Member] {
        let reason: String
        do throws(AvroError) {
            if case .object(let members) = try JSONTree(parsing: bytes) { return members }
            reason = "the JSON value has another type"
        } catch {
            reason = error.detail + (error.byteOffset.map { ", at byte \($0)" } ?? "")
        }
        throw .malformedJSON(reason)
    }

    /// The complete unmodified body, for signature checks.
    /// - Throws: 413 when it is longer than `bytesMax`.
    public func bytes(max bytesMax: Int) async throws -> [UInt8] {
        do {
            return try await http.body.collect(bytesMax: bytesMax)
        } catch .tooLarge {
            throw Problem.bodyTooLarge(bytesMax: bytesMax)
        }
    }

    /// A typed id from the path.
    /// - Throws: 404 for an id of invalid form.
    public func id<ID: HubID>(_ name: String, as type: ID.Type) throws(Problem) -> ID {
        guard let text = http.pathParameters[name], let id = try? ID(validating: text) else { throw .notFound }
        return id
    }
}
