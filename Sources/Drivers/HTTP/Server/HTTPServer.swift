internal import CMicrohttpd
public import EventLoop

/// An HTTP/1.1 server: one libmicrohttpd daemon on each loop, all on one port. A request is served by the loop that accepted its
/// connection, from its first byte to the last of its answer.
public final class HTTPServer: Sendable {
    public let configuration: HTTPServerConfiguration

    public init(configuration: HTTPServerConfiguration, loops: EventLoopGroup, router: Router) {
        self.configuration = configuration
    }

    /// Starts to listen.
    /// - Returns: the port.
    public func start() async throws(HTTPServerError) -> Int { throw .outOfResources }

    /// Accepts nothing more, closes what is idle, lets requests under way finish for at most `limit`, then cancels them and
    /// closes. The server cannot be started again.
    public func drain(within limit: Duration) async {}
}
