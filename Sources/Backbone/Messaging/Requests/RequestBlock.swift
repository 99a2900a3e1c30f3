internal import Contracts

/// Requests as one run of bytes, 34 each as a rule, which is found by the correlation ids in it.
///
/// Integers are little-endian. An entry is a tag and what follows it: 1, a route (three texts: service, method, pattern), which has the
/// number of the routes before it; 2, a request (route 2 bytes, status 2, time 8, microseconds 4, correlation id). A text is its length
/// in one byte and its bytes. A correlation id is a text; one that the hub made is the length 0 and the 16 bytes of its number.
struct RequestBlock: Sendable {
    private static let routeTag: UInt8 = 1
    private static let requestTag: UInt8 = 2

    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    /// When the first and the last of the requests came.
    private(set) var timesMs: ClosedRange<Int64>?
    private var routes: [Route: UInt16] = [:]

    private struct Route: Hashable {
        var service, method, pattern: String
    }

    mutating func append(_ request: AnsweredRequest) {
        let route = number(
            of: Route(service: request.service.rawValue, method: request.method, pattern: request.route))
        bytes.append(Self.requestTag)
        append(route)
        append(UInt16(clamping: request.status))
        append(request.atMs)
        append(UInt32(clamping: request.microseconds))
        bytes += Self.field(of: request.correlationID)
        count += 1
        timesMs =
            timesMs.map { min($0.lowerBound, request.atMs)...max($0.upperBound, request.atMs) }
            ?? request.atMs...request.atMs
    }

    /// A correlation id as a block holds it.
    static func field(of correlationID: String) -> [UInt8] {
        let text = Array(correlationID.utf8.prefix(Int(UInt8.max)))
        if let number = HubRequestID.bytes(of: text) { return [0] + number }
        return [UInt8(text.count)] + text
    }

    private mutating func number(of route: Route) -> UInt16 {
        if let known = routes[route] { return known }
        // Patterns are few. Should they ever not be, the last number stands for all that follow.
        let number = UInt16(clamping: routes.count)
        routes[route] = number
        bytes.append(Self.routeTag)
        for text in [route.service, route.method, route.pattern] {
            let utf8 = Array(text.utf8.prefix(Int(UInt8.max)))
            bytes.append(UInt8(utf8.count))
            bytes += utf8
        }
        return number
    }

    private mutating func append(_ integer: some FixedWidthInteger) {
        withUnsafeBytes(of: integer.littleEndian) { bytes += $0 }
    }

    /// The requests of a block whose correlation ids are among `wanted`; those before the first byte that makes no sense.
    static func requests(in bytes: [UInt8], of wanted: Set<String>) -> [AnsweredRequest] {
        var reader = Reader(bytes: bytes[...])
        var routes: [Route] = []
        var found: [AnsweredRequest] = []
        while let tag = reader.integer(UInt8.self) {
            if tag == routeTag, let service = reader.text(), let method = reader.text(), let pattern = reader.text() {
                routes.append(Route(service: service, method: method, pattern: pattern))
            } else if tag == requestTag, let route = reader.integer(UInt16.self), routes.indices.contains(Int(route)),
                let status = reader.integer(UInt16.self), let atMs = reader.integer(Int64.self),
                let microseconds = reader.integer(UInt32.self), let id = reader.correlationID()
            {
                guard wanted.contains(id) else { continue }
                let route = routes[Int(route)]
                found.append(
                    AnsweredRequest(
                        atMs: atMs, service: ServiceName(rawValue: route.service), method: route.method,
                        route: route.pattern, status: Int(status), microseconds: Int64(microseconds),
                        correlationID: id))
            } else {
                return found
            }
        }
        return found
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard bytes.count >= count else { return nil }
            defer { bytes = bytes.dropFirst(count) }
            return bytes.prefix(count)
        }

        mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
            take(MemoryLayout<Value>.size).map { $0.reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) } }
        }

        mutating func text() -> String? {
            integer(UInt8.self).flatMap { take(Int($0)) }.map { String(decoding: $0, as: UTF8.self) }
        }

        mutating func correlationID() -> String? {
            if bytes.first != 0 { return text() }
            return take(1 + HubRequestID.byteCount).map { HubRequestID.text(of: $0.dropFirst()) }
        }
    }
}

/// `req_` and 32 lower-case hexadecimal digits, as the hub writes the ids of requests.
enum HubRequestID {
    static let byteCount = 16
    private static let prefix = Array("req_".utf8)
    private static let digits = Array("0123456789abcdef".utf8)

    /// Nil for a text that is no such id.
    static func bytes(of text: [UInt8]) -> [UInt8]? {
        guard text.count == prefix.count + 2 * byteCount, text.starts(with: prefix) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for index in stride(from: prefix.count, to: text.count, by: 2) {
            guard let high = value(of: text[index]), let low = value(of: text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    static func text(of bytes: some Sequence<UInt8>) -> String {
        String(decoding: prefix + bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
