internal import CCurl
public import EventLoop

/// An HTTP client on libcurl: connections are kept and shared by all requests of a loop. Redirects are answers like any other.
public final class HTTPClient: Sendable {
    public let configuration: HTTPClientConfiguration

    public init(loops: EventLoopGroup, configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
        self.configuration = configuration
    }

    /// Sends a request and returns when the header of the response is there; its body may still be on its way.
    ///
    /// Cancelling the task breaks the transfer off.
    /// - Parameter timeout: for the whole exchange up to the last byte of the response; nil for none, as for a stream of events.
    public func send(
        _ request: HTTPClientRequest, timeout: Duration? = .seconds(30)
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        throw .protocolError("not there yet")
    }

    /// Ends the transfers under way and closes every connection.
    public func close() async {}
}
