/// The name of a metadata field in a log line. Each key is declared once, here or in an extension of the module that needs it, so that
/// the same fact has the same name everywhere. There is no key for personal data.
public struct LogKey: Sendable, Hashable {
    public let name: String

    public init(_ name: StaticString) { self.name = name.description }

    public static let attempt = LogKey("attempt")
    public static let code = LogKey("code")
    public static let count = LogKey("count")
    public static let durationMs = LogKey("durationMs")
    public static let error = LogKey("error")
    public static let eventID = LogKey("eventId")
    public static let eventType = LogKey("eventType")
    public static let group = LogKey("group")
    public static let handler = LogKey("handler")
    public static let host = LogKey("host")
    public static let id = LogKey("id")
    public static let limit = LogKey("limit")
    public static let method = LogKey("method")
    public static let name = LogKey("name")
    public static let offset = LogKey("offset")
    public static let partition = LogKey("partition")
    public static let path = LogKey("path")
    public static let port = LogKey("port")
    public static let reason = LogKey("reason")
    public static let route = LogKey("route")
    public static let setting = LogKey("setting")
    public static let sqlState = LogKey("sqlState")
    public static let status = LogKey("status")
    public static let topic = LogKey("topic")
    public static let url = LogKey("url")
    public static let userID = LogKey("userId")
    public static let version = LogKey("version")
}

/// The value of a metadata field.
public enum LogValue: Sendable, Equatable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)

    public init(_ value: some BinaryInteger) { self = .integer(Int64(clamping: value)) }
    public init(_ value: Double) { self = .number(value) }
    public init(_ value: Bool) { self = .flag(value) }
    public init(_ value: String) { self = .text(value) }
    public init(describing value: some CustomStringConvertible) { self = .text(value.description) }

    /// Milliseconds with a fraction.
    public init(_ duration: Duration) { self = .number(duration / .milliseconds(1)) }

    /// An error's description. Errors of this code base contain no data in their description.
    public init(_ error: any Error) { self = .text(String(describing: error)) }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .flag(value) }
}
