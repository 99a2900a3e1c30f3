/// The limits of a server with their defaults.
public struct HTTPServerConfiguration: Sendable {
    /// The address to listen on: an IP address or a host name.
    public var host = "127.0.0.1"
    /// 0 for any free port.
    public var port = 0
    /// The maximum bytes of request line and header fields together.
    public var headerBytesMax = 16 * 1024
    public var headerCountMax = 64
    public var targetBytesMax = 8 * 1024
    /// The maximum size of a request body, unless its route sets another.
    public var bodyBytesMax = 1024 * 1024
    /// A body of at most this announced length is read completely before its handler starts; a longer one is streamed.
    public var bodyBytesCollected = 64 * 1024
    /// How many bytes of a streamed body are buffered before backpressure stops the sender.
    public var bodyBytesBuffered = 256 * 1024
    /// How many bytes of an unread body are discarded to keep the connection usable; beyond that it is closed.
    public var bodyBytesDiscarded = 1024 * 1024
    /// The time limit from accepting the connection, or a new request line, to the end of the header.
    public var headerTimeout: Duration = .seconds(15)
    /// The time limit without any byte: between requests, within a body, or while the client does not read the response.
    public var idleTimeout: Duration = .seconds(30)
    /// The time limit for receiving a body, or for the client to read a response, in addition to the time its length allows: slow clients
    /// hold a connection no longer.
    public var bodyTimeout: Duration = .seconds(30)
    /// This many transferred bytes extend the limit by one second.
    public var bodyBytesPerSecondMin = 16 * 1024
    /// After the last response on a connection: how many more bytes from the client are read and dropped. Closing with unread input would
    /// reset the connection, and the client could lose the response.
    public var lingerBytesMax = 32 * 1024 * 1024
    /// How long that continues without a byte; in total at most `idleTimeout`.
    public var lingerTimeout: Duration = .seconds(5)
    /// The maximum number of connections over all loops.
    public var connectionsMax = 10_000
    /// The maximum number of connections per IPv4 address or IPv6 /64 prefix; trusted proxies are exempt.
    public var connectionsPerAddressMax = 1_000
    /// The proxies whose `X-Forwarded-For` is trusted: a request's remote address is then the client named there.
    public var trustedProxies: [IPRange] = []

    public init(host: String = "127.0.0.1", port: Int = 0) {
        self.host = host
        self.port = port
    }
}

/// Why a server did not start.
public enum HTTPServerError: Error, Sendable, Equatable {
    /// The port is in use by another program.
    case addressInUse(host: String, port: Int)
    /// The address does not belong to this machine, the name is unknown, or the port is not permitted.
    case cannotListen(host: String, port: Int, errno: Int32)
    case outOfResources
    case alreadyStarted
}
