/// The limits of a client. Each applies to one connection; there is one connection per loop.
public struct RedisConfiguration: Sendable {
    /// The time limit from sending a command to its reply, connecting included.
    public var commandTimeout: Duration = .milliseconds(500)
    /// The connect timeout for each address of the host.
    public var connectTimeout: Duration = .seconds(2)
    /// The maximum number of commands waiting for replies.
    public var waitingCountMax = 4_096
    /// The maximum bytes of unsent commands.
    public var unsentBytesMax = 8 * 1024 * 1024
    /// The maximum bytes of one reply.
    public var replyBytesMax = 16 * 1024 * 1024
    /// The delay after a failed connection attempt; it doubles with each failure.
    public var reconnectDelayBase: Duration = .milliseconds(50)
    public var reconnectDelayMax: Duration = .seconds(2)

    public init() {}
}
