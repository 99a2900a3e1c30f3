/// Every limit of a client, with its default.
public struct HTTPClientConfiguration: Sendable {
    /// Connections of one loop to one host and port; more requests wait in line.
    public var connectionsPerHostMax = 64
    /// Connections one loop keeps for later.
    public var connectionsKeptMax = 256
    /// Requests of one loop under way or waiting.
    public var requestsMax = 10_000
    /// Until a connection, TLS included, stands.
    public var connectTimeout: Duration = .seconds(5)
    /// Without any byte either way.
    public var idleTimeout: Duration = .seconds(60)
    /// An unused connection is closed after this: before the server does, which might be in the moment of the next request.
    public var keptTimeout: Duration = .seconds(20)
    public var responseHeaderBytesMax = 64 * 1024
    public var responseBytesMax = 1024 * 1024 * 1024
    /// How much of a response may wait for its reader before the sender is held back.
    public var bodyBytesBuffered = 256 * 1024
    /// A file of certificates to trust instead of the system's.
    public var caFile: String?

    public init() {}
}
