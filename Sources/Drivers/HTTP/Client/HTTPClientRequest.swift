/// A request to send. `url` is absolute, `http` or `https`; nothing else is followed or fetched.
///
/// When a connection that was kept ends before an answer begins, a request of an idempotent method is sent again on another one, and
/// one of any other method fails.
public struct HTTPClientRequest: Sendable {
    public var method: HTTPMethod
    public var url: String
    public var fields: HTTPFields
    public var body: HTTPBody

    public init(_ method: HTTPMethod, _ url: String, fields: HTTPFields = [:], body: HTTPBody = .empty) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }
}

/// The answer. `body` is at hand when it came with the header, else a stream.
public struct HTTPClientResponse: Sendable {
    public var status: HTTPStatus
    public var fields: HTTPFields
    public var body: HTTPBody
    public init(status: HTTPStatus, fields: HTTPFields, body: HTTPBody) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// Why there is no response.
public enum HTTPClientError: Error, Sendable, Equatable {
    /// The URL is none, or its scheme is not `http` or `https`.
    case invalidRequest
    /// No connection, or no trust: name not found, refused, TLS failed. The request was not sent.
    case connectFailed(String)
    case timedOut
    /// On this side: every connection to the host stayed in use until the time-out, too many requests wait, or the client is closed.
    /// The request was not sent.
    case busy
    case cancelled
    /// The response is larger than ``HTTPClientConfiguration/responseBytesMax``.
    case bodyTooLarge(bytesMax: Int)
    /// The stream of the request's body failed, or the time-out came while the server waited for it.
    case requestBodyFailed
    /// The connection broke, or what came was no HTTP. The other side may have acted on the request.
    case protocolError(String)
}
