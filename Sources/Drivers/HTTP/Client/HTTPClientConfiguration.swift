/// The limits of a client with their defaults.
public struct HTTPClientConfiguration: Sendable {
    /// The maximum number of connections per loop to one host and port; further requests wait.
    public var connectionsPerHostMax = 64
    /// The maximum number of idle connections a loop keeps.
    public var connectionsKeptMax = 256
    /// How long a request may wait for a connection; it fails with ``HTTPClientError/busy`` then.
    public var connectionWaitMax: Duration = .seconds(10)
    /// The maximum number of running and waiting requests per loop.
    public var requestsMax = 10_000
    /// The time limit for connecting, including the TLS handshake.
    public var connectTimeout: Duration = .seconds(5)
    /// The time limit without any byte sent or received, unless the request has its own.
    public var idleTimeout: Duration = .seconds(60)
    /// Idle connections are closed after this time. It is shorter than common server timeouts: a server could close the connection while
    /// the next request is being sent.
    public var keptTimeout: Duration = .seconds(20)
    public var responseHeaderBytesMax = 64 * 1024
    /// How many bytes of a response are buffered before backpressure stops the sender.
    public var bodyBytesBuffered = 256 * 1024
    /// A CA file to trust instead of the system's certificates.
    public var caFile: String?

    public init() {}
}
