/// The framing of a request body and its connection, from its fields. Ambiguous fields are refused at once, because two parsers could
/// read them differently (request smuggling).
struct Framing: Equatable {
    /// How the body ends.
    enum Body: Equatable { case none, length(Int), chunked }

    private(set) var body = Body.none
    private(set) var expectsContinue = false
    /// Whether the client keeps the connection open for further requests.
    private(set) var keepsConnection: Bool

    init(of fields: HTTPFields, version: RequestHead.Version) throws(Problem) {
        var found = Found()
        try fields.bytes.withUnsafeBufferPointer { bytes throws(Problem) in
            for entry in fields.entries {
                try found.add(
                    UnsafeBufferPointer(rebasing: bytes[entry.name]), UnsafeBufferPointer(rebasing: bytes[entry.value]))
            }
        }
        let isModern = version == .http11
        if found.hosts > 1 || (found.hosts == 0 && isModern) { throw .malformed("host") }
        if found.lengths + found.codings > 1 || (found.codings > 0 && !isModern) { throw .malformed("framing") }
        if found.codings > 0 { body = .chunked } else if found.length > 0 { body = .length(found.length) }
        expectsContinue = found.expectsContinue && isModern && body != .none
        keepsConnection = !found.closes && (isModern || found.keeps)
    }
}

/// The relevant fields and how often each occurs.
private struct Found {
    var lengths = 0
    var length = 0
    var codings = 0
    var hosts = 0
    var expectsContinue = false
    var closes = false
    var keeps = false

    mutating func add(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) throws(Problem) {
        switch name.count {
        case 4 where equals(name, lower: "host"):
            hosts += 1
            guard value.allSatisfy(isHostByte) else { throw .malformed("host") }
        case 6 where equals(name, lower: "expect"):
            guard equals(value, lower: "100-continue") else { throw Problem(.expectationFailed, "expectation-failed") }
            expectsContinue = true
        case 10 where equals(name, lower: "connection"):
            for option in value.split(separator: UInt8(ascii: ",")).map({ trimmed($0) }) {
                if equalsIgnoringCase(option, "close".utf8) { closes = true }
                if equalsIgnoringCase(option, "keep-alive".utf8) { keeps = true }
            }
        case 14 where equals(name, lower: "content-length"):
            lengths += 1
            length = try Self.parse(value)
        case 17 where equals(name, lower: "transfer-encoding"):
            codings += 1
            guard equals(value, lower: "chunked") else { throw .malformed("transfer coding") }
        default: break
        }
    }

    /// A number with at most this many digits cannot overflow.
    private static let digitCountMax = 15

    private static func parse(_ digits: UnsafeBufferPointer<UInt8>) throws(Problem) -> Int {
        guard !digits.isEmpty, digits.count <= digitCountMax else { throw .malformed("content length") }
        var number = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { throw .malformed("content length") }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }
}

/// Whether the byte can be part of a host and port: no whitespace and no URI delimiter around the authority.
func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...32, 127, UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ","),
        UInt8(ascii: "\\"):
        false
    default: byte < 128
    }
}

extension Problem {
    /// - Parameter part: the ambiguous part of the request.
    static func malformed(_ part: String) -> Problem {
        Problem(.badRequest, "malformed-request", detail: "The \(part) is malformed or ambiguous.")
    }
    public static let bodyTooLarge = Problem(.contentTooLarge, "body-too-large")
    public static let requestTimeout = Problem(.requestTimeout, "request-timeout")
    static let tooManyConnections = Problem(
        .serviceUnavailable, "too-many-connections", fields: ["retry-after": "5"])
}
