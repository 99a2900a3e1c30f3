internal import Avro
public import Contracts
public import HTTP

public typealias Response = HTTPResponse

/// A request as a route of a service sees it: checked, and with the caller known.
public struct Request: Sendable {
    public internal(set) var http: HTTPRequest
    public let identity: Identity
    /// What the gateway, or a service, has vouched for; nil where nobody has been asked.
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

    /// The logged-in person.
    /// - Throws: 401 when nobody is; routes with ``Access/user`` never see that.
    public var user: UserID {
        get throws(Problem) {
            guard let id = identity.userID else { throw .notLoggedIn }
            return id
        }
    }

    /// Reads the JSON body as `Body`.
    /// - Throws: 415 when it is not JSON by its own word, 400 `malformed-json`, 413, 422 `invalid-body` with every complaint.
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

    /// Strict JSON: UTF-8, no name twice, bounded nesting. Reading takes time in proportion to the bytes, whatever is in them.
    private static func members(of bytes: [UInt8]) throws(Problem) -> [JSONTree.Member] {
        let reason: String
        do throws(AvroError) {
            if case .object(let members) = try JSONTree(parsing: bytes) { return members }
            reason = "it is another value"
        } catch {
            reason = error.detail + (error.byteOffset.map { ", at byte \($0)" } ?? "")
        }
        throw .malformedJSON(reason)
    }

    /// The whole body as it came, for what is signed to the byte.
    /// - Throws: 413 when it has more than `bytesMax`.
    public func bytes(max bytesMax: Int) async throws -> [UInt8] {
        do {
            return try await http.body.collect(bytesMax: bytesMax)
        } catch .tooLarge {
            throw Problem.bodyTooLarge(bytesMax: bytesMax)
        }
    }

    /// A typed id from the path.
    /// - Throws: 404: an id of another form names nothing here.
    public func id<ID: HubID>(_ name: String, as type: ID.Type) throws(Problem) -> ID {
        guard let text = http.pathParameters[name], let id = try? ID(validating: text) else { throw .notFound }
        return id
    }
}
