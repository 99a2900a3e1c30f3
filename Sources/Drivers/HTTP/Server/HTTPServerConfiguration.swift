/// Every limit of a server, with its default.
public struct HTTPServerConfiguration: Sendable {
    /// The address to listen on, numeric or a name.
    public var host = "127.0.0.1"
    /// 0 takes a free one.
    public var port = 0
    /// Request line and header fields together.
    public var headerBytesMax = 16 * 1024
    public var headerCountMax = 64
    public var targetBytesMax = 8 * 1024
    /// A request body, unless its route says otherwise.
    public var bodyBytesMax = 1024 * 1024
    /// A body announced to be at most this long is read whole before its handler starts; a longer one is streamed.
    public var bodyBytesCollected = 64 * 1024
    /// How much of a streamed body may wait for its reader before the sender is held back.
    public var bodyBytesBuffered = 256 * 1024
    /// How much of a body nobody wants is read to keep the connection usable before it is closed instead.
    public var bodyBytesDiscarded = 1024 * 1024
    /// From the connection, or a new request line, to the end of the header.
    public var headerTimeout: Duration = .seconds(15)
    /// Without any byte either way: between requests, within a body, while the client does not take the response.
    public var idleTimeout: Duration = .seconds(30)
    /// Waiting for the bytes of one body, or for the client to take those of the answer, beside what its length allows: a client that
    /// drips, or reads in drops, holds a connection no longer.
    public var bodyTimeout: Duration = .seconds(30)
    /// Each so many bytes that passed allow another second.
    public var bodyBytesPerSecondMin = 16 * 1024
    /// After the last word to a client that may still be sending: how much of that is read away, so that the word is not lost with
    /// the connection.
    public var lingerBytesMax = 32 * 1024 * 1024
    /// How long that goes on without a byte; in all it takes no longer than `idleTimeout`.
    public var lingerTimeout: Duration = .seconds(5)
    /// All loops together.
    public var connectionsMax = 10_000
    /// Of one IPv4 address or one /64 of IPv6; proxies that are trusted are not limited.
    public var connectionsPerAddressMax = 1_000
    /// Whose `X-Forwarded-For` is believed: a request's remote address is then the client's that they name.
    public var trustedProxies: [IPRange] = []

    public init(host: String = "127.0.0.1", port: Int = 0) {
        self.host = host
        self.port = port
    }
}

/// Why a server did not start.
public enum HTTPServerError: Error, Sendable, Equatable {
    /// Another program listens there.
    case addressInUse(host: String, port: Int)
    /// The address is none of this machine, the name is unknown, or the port is not allowed.
    case cannotListen(host: String, port: Int, errno: Int32)
    case outOfResources
    case alreadyStarted
}
