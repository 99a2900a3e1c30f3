/// The limits of a client. Each applies to one connection, and there is one a loop.
public struct RedisConfiguration: Sendable {
    /// From sending a command to its answer, connecting included.
    public var commandTimeout: Duration = .milliseconds(500)
    /// For each address of the host.
    public var connectTimeout: Duration = .seconds(2)
    /// Commands that wait for their answers.
    public var waitingCountMax = 4_096
    /// Bytes of commands that the system has not taken yet.
    public var unsentBytesMax = 8 * 1024 * 1024
    /// Bytes of one answer.
    public var replyBytesMax = 16 * 1024 * 1024
    /// After a failed attempt to connect nobody tries again for so long; it doubles with each failure.
    public var reconnectDelayBase: Duration = .milliseconds(50)
    public var reconnectDelayMax: Duration = .seconds(2)

    public init() {}
}
