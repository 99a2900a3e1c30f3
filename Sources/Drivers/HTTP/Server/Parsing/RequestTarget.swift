/// The target of a request in one of the forms of RFC 9112, 3.2, validated so that all parsers see the same path.
struct RequestTarget {
    /// Path and query, or `*`.
    let origin: String
    /// The host and port of a target in absolute-form.
    let authority: String?

    init(_ target: UnsafeBufferPointer<UInt8>, method: HTTPMethod) throws(Problem) {
        if target.first == UInt8(ascii: "/") {
            try Self.check(target)
            origin = String(decoding: target, as: UTF8.self)
            authority = nil
        } else if target.count == 1, target[0] == UInt8(ascii: "*"), method == .options {
            origin = "*"
            authority = nil
        } else {
            (origin, authority) = try Self.absolute(target, method)
        }
    }

    /// `http://authority/path?query`: what a client sends to a proxy, and every server has to understand.
    private static func absolute(
        _ target: UnsafeBufferPointer<UInt8>, _ method: HTTPMethod
    ) throws(Problem) -> (origin: String, authority: String) {
        let scheme = "http://".utf8
        guard method != HTTPMethod(rawValue: "CONNECT"), equalsIgnoringCase(target.prefix(scheme.count), scheme) else {
            throw .malformed("request target")
        }
        let rest = target[scheme.count...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        let authority = rest[..<end], path = rest[end...]
        guard !authority.isEmpty, authority.allSatisfy(isHostByte) else { throw .malformed("request target") }
        // A missing path means `/`, or for OPTIONS the server itself (RFC 9112, 3.2.4).
        let text = path.isEmpty && method == .options ? "*" : String(decoding: path, as: UTF8.self)
        let origin = path.first == UInt8(ascii: "/") || text == "*" ? text : "/" + text
        if origin != "*" {
            let bytes = Array(origin.utf8)
            try bytes.withUnsafeBufferPointer { bytes throws(Problem) in try check(bytes) }
        }
        return (origin, String(decoding: authority, as: UTF8.self))
    }

    private static func check(_ target: UnsafeBufferPointer<UInt8>) throws(Problem) {
        var index = 0, segmentStart = 1, inPath = true
        while index < target.count {
            let byte = target[index]
            guard byte > 32, byte < 127, byte != UInt8(ascii: "#") else { throw .malformed("request target") }
            switch byte {
            case UInt8(ascii: "%"):
                guard index + 2 < target.count, let high = PercentEncoding.hexValue(target[index + 1]),
                    let low = PercentEncoding.hexValue(target[index + 2]), high | low != 0
                else { throw .badPath }
                index += 2
            case UInt8(ascii: "?") where inPath, UInt8(ascii: "/") where inPath:
                if index > 0, isDots(target[segmentStart..<index]) { throw .badPath }
                segmentStart = index + 1
                if byte == UInt8(ascii: "?") { inPath = false }
            default: break
            }
            index += 1
        }
        if inPath, segmentStart <= target.count, isDots(target[segmentStart...]) { throw .badPath }
    }

    /// Whether the segment is `.` or `..`, escaped or not: parsers resolve them differently.
    private static func isDots(_ segment: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        if segment.isEmpty || segment.count > 6 { return false }
        let decoded = PercentEncoding.decode(segment)
        return decoded == "." || decoded == ".."
    }
}
