/// A handler's response.
///
/// The server sets `Content-Length` or chunked framing, `Date` and `Connection`.
public struct HTTPResponse: Sendable {
    public var status: HTTPStatus
    public var fields: HTTPFields
    public var body: HTTPBody

    public init(_ status: HTTPStatus, fields: HTTPFields = [:], body: HTTPBody = .empty) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A JSON response from encoded bytes.
    public static func json(
        _ status: HTTPStatus, _ bytes: [UInt8], fields: HTTPFields = [:]
    ) -> HTTPResponse {
        var fields = fields
        fields["content-type"] = "application/json"
        return HTTPResponse(status, fields: fields, body: .bytes(bytes))
    }

    /// - Parameter type: the media type; the text is encoded as UTF-8.
    public static func text(
        _ status: HTTPStatus, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> HTTPResponse {
        HTTPResponse(status, fields: ["content-type": type], body: .text(text))
    }
}

/// Answers a request. It does not throw: errors are responses too, see ``Problem``.
///
/// The response is sent once the whole request has arrived; a body the handler did not read is received and discarded.
public typealias HTTPHandler = @Sendable (HTTPRequest) async -> HTTPResponse

/// Wraps a handler: may respond itself, or change the request and the response. Calls `next` at most once.
public typealias HTTPMiddleware = @Sendable (_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse

extension Array<HTTPMiddleware> {
    /// Combines a handler with middleware, the first one outermost.
    public func around(_ handler: @escaping HTTPHandler) -> HTTPHandler {
        reversed().reduce(handler) { next, middleware in { request in await middleware(request, next) } }
    }
}
