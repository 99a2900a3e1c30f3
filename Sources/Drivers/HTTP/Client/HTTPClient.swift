public import EventLoop

/// An HTTP client on libcurl: connections are kept and shared by all requests of a loop. Redirects are answers like any other.
/// With its last reference go its connections, and the bodies that are still on their way.
public final class HTTPClient: Sendable {
    public let configuration: HTTPClientConfiguration
    private let loops: EventLoopGroup
    private let multis: [CurlMulti]

    public init(loops: EventLoopGroup, configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
        self.configuration = configuration
        self.loops = loops
        multis = loops.loops.map { CurlMulti(loop: $0, configuration: configuration) }
    }

    /// Sends a request and returns when the header of the response is there; its body may still be on its way.
    ///
    /// Runs on the caller's loop when it is one of the client's. Cancelling the task breaks the transfer off.
    /// - Parameter timeout: for the whole exchange up to the last byte of the response; nil for none, as for a stream of events.
    public func send(
        _ request: HTTPClientRequest, timeout: Duration? = .seconds(30)
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        let multi = next()
        let transfer = HTTPTransfer(request, timeout: timeout, on: multi)
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                multi.loop.execute { transfer.start(continuation) }
            }
        } onCancel: {
            multi.loop.execute { transfer.cancel() }
        }
        return try outcome.get()
    }

    deinit {
        for multi in multis { multi.loop.execute { multi.close() } }
    }

    /// Ends the transfers under way and closes every connection. The client sends nothing afterwards.
    public func close() async {
        for multi in multis {
            await Task(executorPreference: multi.loop) { multi.close() }.value
        }
    }

    /// The multi of the caller's loop, or of the loops in turn.
    func next() -> CurlMulti {
        let loop = loops.next()
        return multis.first { $0.loop === loop } ?? multis[0]
    }
}
