/// Why a command has no answer. Nothing in it shows data.
public enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no connection, or it was lost: the command may or may not have been done.
    case unavailable
    /// No answer in time: the command may or may not have been done.
    case timeout
    /// Too much waits for an answer already.
    case busy
    /// The server answered with an error; its first word, such as `WRONGTYPE`, `NOAUTH` or `LOADING`.
    case refused(String)
    /// What came is no answer of a Redis.
    case malformed
    case closed

    public var description: String {
        switch self {
        case .unavailable: "redis: no connection"
        case .timeout: "redis: no answer in time"
        case .busy: "redis: too much waits already"
        case .refused(let code): "redis: refused with \(code)"
        case .malformed: "redis: what came is no answer"
        case .closed: "redis: the client is closed"
        }
    }
}
