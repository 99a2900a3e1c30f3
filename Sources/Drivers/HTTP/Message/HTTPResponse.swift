/// What a handler answers.
///
/// `Content-Length` or chunked framing, `Date` and `Connection` are the server's affair.
public struct HTTPResponse: Sendable {
    public var status: HTTPStatus
    public var fields: HTTPFields
    public var body: HTTPBody

    public init(_ status: HTTPStatus, fields: HTTPFields = [:], body: HTTPBody = .empty) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A JSON answer from bytes that are JSON already.
    public static func json(
        _ status: HTTPStatus, _ bytes: [UInt8], fields: HTTPFields = [:]
    ) -> HTTPResponse {
        var fields = fields
        fields["content-type"] = "application/json"
        return HTTPResponse(status, fields: fields, body: .bytes(bytes))
    }

    /// - Parameter type: the media type; UTF-8 is what the text becomes.
    public static func text(
        _ status: HTTPStatus, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> HTTPResponse {
        HTTPResponse(status, fields: ["content-type": type], body: .text(text))
    }
}

/// Answers a request. It never throws: what went wrong is a response too, see ``Problem``.
///
/// The response leaves when the request has arrived whole; a body the handler did not read is taken off the wire and dropped.
public typealias HTTPHandler = @Sendable (HTTPRequest) async -> HTTPResponse

/// Stands around a handler: may answer itself, or change what goes in and out. `next` is called at most once.
public typealias HTTPMiddleware = @Sendable (_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse

extension Array<HTTPMiddleware> {
    /// One handler of a handler and what stands around it, the first outermost.
    public func around(_ handler: @escaping HTTPHandler) -> HTTPHandler {
        reversed().reduce(handler) { next, middleware in { request in await middleware(request, next) } }
    }
}
