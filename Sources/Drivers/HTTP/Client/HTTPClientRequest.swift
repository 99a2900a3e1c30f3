/// A request to send. `url` is absolute with the scheme `http` or `https`; no other scheme is allowed.
///
/// When a kept connection closes before a response begins, a request with an idempotent method is retried on another connection; other
/// requests fail.
public struct HTTPClientRequest: Sendable {
    public var method: HTTPMethod
    public var url: String
    public var fields: HTTPFields
    public var body: HTTPBody
    /// How long the server may send and take nothing; nil for ``HTTPClientConfiguration/idleTimeout``.
    public var silenceMax: Duration?

    public init(_ method: HTTPMethod, _ url: String, fields: HTTPFields = [:], body: HTTPBody = .empty) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }
}

/// The response. `body` is complete when it arrived with the header, otherwise it is a stream.
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
    /// The URL is invalid, or its scheme is not `http` or `https`.
    case invalidRequest
    /// Connecting failed: unknown host, refused connection, TLS error. The request was not sent.
    case connectFailed(String)
    case timedOut
    /// A local limit: no connection to the host became free in time, too many requests wait, or the client is closed. The request was not
    /// sent.
    case busy
    case cancelled
    /// The response is larger than its reader allows. The client itself has no limit: it never reads much further than its reader.
    case bodyTooLarge(bytesMax: Int)
    /// The stream of the request body failed, or the request timed out while the server waited for it.
    case requestBodyFailed
    /// The connection broke, or the response was not valid HTTP. The server may have processed the request.
    case protocolError(String)
}

extension HTTPClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidRequest: "the URL is invalid"
        case .connectFailed(let reason), .protocolError(let reason): reason
        case .timedOut: "no response in time"
        case .busy: "too many requests wait"
        case .cancelled: "the request was cancelled"
        case .bodyTooLarge(let bytesMax): "the response has more than \(bytesMax) bytes"
        case .requestBodyFailed: "the request body could not be sent"
        }
    }
}
