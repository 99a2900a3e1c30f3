/// The parsed and validated request line and fields of a request.
struct RequestHead {
    enum Version { case http10, http11 }

    let method: HTTPMethod
    /// In origin-form, or `*`.
    let target: String
    let version: Version
    let fields: HTTPFields
    let framing: Framing

    /// Why a head was refused, and its known fields, which the response may need.
    struct Refusal: Error {
        let problem: Problem
        var fields: HTTPFields = [:]
    }

    /// - Parameters:
    ///   - bytes: the lines found by ``HeadScanner``, without surrounding empty lines.
    ///   - lineCount: the number of lines.
    init(_ bytes: UnsafeBufferPointer<UInt8>, lineCount: Int, limits: HTTPServerConfiguration) throws(Refusal) {
        guard let end = bytes.firstIndex(of: 13), end + 1 < bytes.count, bytes[end + 1] == 10 else {
            throw Refusal(problem: .malformed("request line"))
        }
        let line = UnsafeBufferPointer(rebasing: bytes[..<end])
        let rest = UnsafeBufferPointer(rebasing: bytes[(end + 2)...])
        var fields: HTTPFields
        do throws(Problem) { fields = try HTTPFields(lines: rest, count: lineCount - 1) } catch {
            throw Refusal(problem: error)
        }
        do throws(Problem) {
            let parts = try RequestLine(line)
            if parts.target.count > limits.targetBytesMax { throw .targetTooLong }
            let target = try RequestTarget(parts.target, method: parts.method)
            framing = try Framing(of: fields, version: parts.version)
            // The host of an absolute-form target replaces the `Host` field (RFC 9112, 3.2.2).
            if let authority = target.authority { fields["host"] = authority }
            (method, version, self.target, self.fields) = (parts.method, parts.version, target.origin, fields)
        } catch {
            throw Refusal(problem: error, fields: fields)
        }
    }
}

/// Parses `GET /path HTTP/1.1`, with exactly one space between the parts.
private struct RequestLine {
    private static let methodBytesMax = 32

    let method: HTTPMethod
    let target: UnsafeBufferPointer<UInt8>
    let version: RequestHead.Version

    init(_ line: UnsafeBufferPointer<UInt8>) throws(Problem) {
        guard let first = line.firstIndex(of: 32), let last = line.lastIndex(of: 32), first < last,
            first > 0, first <= Self.methodBytesMax
        else { throw .malformed("request line") }
        for byte in line[..<first] where !isTokenByte(byte) { throw .malformed("method") }
        method = HTTPMethod(rawValue: String(decoding: line[..<first], as: UTF8.self))
        target = UnsafeBufferPointer(rebasing: line[first + 1..<last])
        version = try Self.version(UnsafeBufferPointer(rebasing: line[(last + 1)...]))
    }

    private static func version(_ bytes: UnsafeBufferPointer<UInt8>) throws(Problem) -> RequestHead.Version {
        let isDigit = { (byte: UInt8) in byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[6] == UInt8(ascii: "."), isDigit(bytes[5]),
            isDigit(bytes[7])
        else { throw .malformed("request line") }
        guard bytes[5] == UInt8(ascii: "1") else { throw Problem(.versionNotSupported, "version-not-supported") }
        return bytes[7] == UInt8(ascii: "0") ? .http10 : .http11
    }
}

extension HTTPFields {
    /// Appends `name: value` lines with their CRLF. Folded lines and whitespace before the colon are refused.
    fileprivate init(lines: UnsafeBufferPointer<UInt8>, count: Int) throws(Problem) {
        var bytes = Array(lines)
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        // The colon and the byte after the value become the NULs after name and value, so that no bytes move.
        try bytes.withUnsafeMutableBufferPointer { bytes throws(Problem) in
            var start = 0
            while start < bytes.count {
                var colon = start
                while colon < bytes.count, isTokenByte(bytes[colon]) { colon += 1 }
                guard colon > start, colon < bytes.count, bytes[colon] == UInt8(ascii: ":") else {
                    throw .malformed("field name")
                }
                var value = colon + 1
                while value < bytes.count, Self.isBlank(bytes[value]) { value += 1 }
                var end = value
                while end < bytes.count, Self.isText(bytes[end]) { end += 1 }
                guard end + 1 < bytes.count, bytes[end] == 13, bytes[end + 1] == 10 else {
                    throw .malformed("field value")
                }
                let next = end + 2
                while end > value, Self.isBlank(bytes[end - 1]) { end -= 1 }
                bytes[colon] = 0
                bytes[end] = 0
                entries.append(
                    Entry(
                        nameStart: UInt32(start), nameCount: UInt32(colon - start), valueStart: UInt32(value),
                        valueCount: UInt32(end - value)))
                start = next
            }
        }
        self.init(bytes: bytes, entries: entries)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

    /// The bytes allowed in a value: no control characters except tab.
    private static func isText(_ byte: UInt8) -> Bool { (byte >= 32 && byte != 127) || byte == 9 }
}

extension Problem {
    static let headerTooLarge = Problem(.headerFieldsTooLarge, "header-too-large")
    static let targetTooLong = Problem(.uriTooLong, "target-too-long")
}
