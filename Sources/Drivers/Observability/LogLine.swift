#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Builds one log line as JSON.
struct LogLine {
    /// Longer texts are truncated, so that external input cannot produce arbitrarily long lines.
    static let textBytesMax = 4_096

    private static let processID = Array(String(getpid()).utf8)

    private var bytes: [UInt8] = []

    init(millisecondsSinceEpoch: Int64, level: LogLevel, service: String, message: StaticString) {
        bytes.reserveCapacity(384)
        bytes += #"{"time":""#.utf8
        appendTimestamp(millisecondsSinceEpoch: millisecondsSinceEpoch, to: &bytes)
        bytes += #"","level":""#.utf8
        bytes += level.rawValue.utf8
        bytes += #"","service":"#.utf8
        append(text: service)
        bytes += #","pid":"#.utf8
        bytes += Self.processID
        bytes += #","message":"#.utf8
        append(text: message.description)
    }

    mutating func append(_ trace: TraceContext) {
        append(name: "correlationId", .text(trace.correlationID))
        append(name: "traceId", .text(trace.traceparent.traceID))
        append(name: "spanId", .text(trace.traceparent.spanID))
        if let causationID = trace.causationID { append(name: "causationId", .text(causationID)) }
    }

    /// Sorted by name, so that equal metadata gives equal lines.
    mutating func append(_ metadata: [LogKey: LogValue]) {
        for (key, value) in metadata.sorted(by: { $0.key.name < $1.key.name }) { append(name: key.name, value) }
    }

    consuming func finish() -> [UInt8] {
        bytes += "}\n".utf8
        return bytes
    }

    private mutating func append(name: String, _ value: LogValue) {
        bytes.append(UInt8(ascii: ","))
        append(text: name)
        bytes.append(UInt8(ascii: ":"))
        switch value {
        case .text(let text): append(text: text)
        case .integer(let integer): bytes += integer.description.utf8
        // JSON has no representation of infinity or NaN.
        case .number(let number): bytes += (number.isFinite ? number.description : "null").utf8
        case .flag(let flag): bytes += (flag ? "true" : "false").utf8
        }
    }

    private mutating func append(text: String) {
        // Most texts need no escaping; copying bytes is then four times as fast as iterating over characters.
        if text.utf8.count <= Self.textBytesMax && text.utf8.allSatisfy(Self.isPlain) {
            bytes.append(UInt8(ascii: "\""))
            bytes += text.utf8
            bytes.append(UInt8(ascii: "\""))
        } else {
            append(anyText: text)
        }
    }

    /// Printable ASCII that needs no escaping in JSON.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func append(anyText text: String) {
        bytes.append(UInt8(ascii: "\""))
        var room = Self.textBytesMax
        for scalar in text.unicodeScalars {
            room -= UTF8.width(scalar)
            if room < 0 {
                bytes += "…".utf8
                break
            }
            append(scalar)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": bytes += #"\""#.utf8
        case "\\": bytes += #"\\"#.utf8
        case "\n": bytes += #"\n"#.utf8
        case "\r": bytes += #"\r"#.utf8
        case "\t": bytes += #"\t"#.utf8
        // Escapes the other control characters, and characters that terminals or line readers interpret.
        case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
            bytes += #"\u"#.utf8
            let digits = String(scalar.value, radix: 16)
            bytes += String(repeating: "0", count: 4 - digits.count).utf8
            bytes += digits.utf8
        default:
            bytes += Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter
        }
    }
}
