/// Why a command has no reply. Errors contain no data.
public enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no connection, or it was lost: the command may or may not have been executed.
    case unavailable
    /// No reply in time: the command may or may not have been executed.
    case timeout
    /// Too many commands or bytes are pending.
    case busy
    /// The server replied with an error; its first word, such as `WRONGTYPE`, `NOAUTH` or `LOADING`.
    case refused(String)
    /// The reply violates the Redis protocol.
    case malformed
    case closed

    public var description: String {
        switch self {
        case .unavailable: "redis: no connection"
        case .timeout: "redis: no reply in time"
        case .busy: "redis: too many pending commands"
        case .refused(let code): "redis: refused with \(code)"
        case .malformed: "redis: malformed reply"
        case .closed: "redis: the client is closed"
        }
    }
}
