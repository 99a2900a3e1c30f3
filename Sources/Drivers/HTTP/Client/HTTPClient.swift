public import EventLoop

/// An HTTP client on libcurl. All requests of a loop share its kept connections. Redirects are returned, not followed. Releasing the last
/// reference closes the connections and aborts unfinished bodies.
public final class HTTPClient: Sendable {
    public let configuration: HTTPClientConfiguration
    private let loops: EventLoopGroup
    private let multis: [CurlMulti]

    public init(loops: EventLoopGroup, configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
        self.configuration = configuration
        self.loops = loops
        multis = loops.loops.map { CurlMulti(loop: $0, configuration: configuration) }
    }

    /// Sends a request and returns once the response header has arrived; the body may still be arriving.
    ///
    /// Runs on the caller's loop when the client has it. Cancelling the task aborts the transfer.
    /// - Parameter timeout: for the whole exchange, up to the last byte of the response; nil for none, for example for an event stream.
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

    /// Aborts running transfers and closes every connection. The client cannot be used afterwards.
    public func close() async {
        for multi in multis {
            await Task(executorPreference: multi.loop) { multi.close() }.value
        }
    }

    /// The multi of the caller's loop, otherwise of the next loop in round-robin order.
    func next() -> CurlMulti {
        let loop = loops.next()
        return multis.first { $0.loop === loop } ?? multis[0]
    }
}
