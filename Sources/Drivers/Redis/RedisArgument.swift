internal import CRedis

/// A part of a command; the first part is the command's name.
public enum RedisArgument: Sendable, ExpressibleByStringLiteral {
    case text(String)
    case bytes([UInt8])
    case integer(Int)

    public init(stringLiteral value: String) { self = .text(value) }

    fileprivate func append(to bytes: inout [UInt8]) {
        switch self {
        case .text(let text): bytes += text.utf8
        case .bytes(let more): bytes += more
        case .integer(let number): bytes += String(number).utf8
        }
    }
}

extension [RedisArgument] {
    /// The command in the Redis wire format.
    /// - Throws: ``RedisError/busy`` when no memory is available.
    func formatted() throws(RedisError) -> [UInt8] {
        var bytes: [UInt8] = [], ends: [Int] = []
        for argument in self {
            argument.append(to: &bytes)
            ends.append(bytes.count)
        }
        var text: UnsafeMutablePointer<CChar>?
        let length = bytes.withUnsafeBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let starts = [0] + ends.dropLast()
            let pointers = starts.map { offset in start.map { $0 + offset } }
            let lengths = zip(starts, ends).map { $1 - $0 }
            return hub_redis_format(&text, Int32(clamping: count), pointers, lengths)
        }
        guard length >= 0, let text else { throw .busy }
        defer { hub_redis_free_text(text) }
        return [UInt8](UnsafeRawBufferPointer(start: text, count: length))
    }
}
