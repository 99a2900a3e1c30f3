internal import CRedis

/// A reply to a command.
public enum RedisReply: Sendable, Equatable {
    case nothing
    case integer(Int64)
    /// A simple string, such as `OK`.
    case status(String)
    case bytes([UInt8])
    case list([RedisReply])
    /// An error within a list. A reply that is itself an error is thrown instead.
    case error(String)

    /// The bytes of a string reply; nil for other types.
    public var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }

    /// The items of a list; empty for other types.
    public var items: [RedisReply] { if case .list(let items) = self { items } else { [] } }

    init(_ reply: OpaquePointer) {
        switch Int(hub_redis_reply_kind(reply)) {
        case HUB_REDIS_NOTHING: self = .nothing
        case HUB_REDIS_INTEGER: self = .integer(hub_redis_reply_integer(reply))
        case HUB_REDIS_STATUS: self = .status(String(decoding: Self.bytes(of: reply), as: UTF8.self))
        case HUB_REDIS_ERROR: self = .error(Self.code(of: Self.bytes(of: reply)))
        case HUB_REDIS_LIST:
            let items = (0..<hub_redis_reply_count(reply)).compactMap { hub_redis_reply_item(reply, $0) }
            self = .list(items.map { RedisReply($0) })
        default: self = .bytes(Self.bytes(of: reply))
        }
    }

    private static func bytes(of reply: OpaquePointer) -> [UInt8] {
        var count = 0
        guard let start = hub_redis_reply_bytes(reply, &count) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The first word of an error, without the rest, which may quote data.
    private static func code(of text: [UInt8]) -> String {
        String(decoding: text.prefix { $0 != UInt8(ascii: " ") }.prefix(32), as: UTF8.self)
    }
}
