/// The W3C trace context of a span: the trace id, the span's own id, and whether the trace is sampled.
///
/// Source: https://www.w3.org/TR/trace-context/ level 1, `traceparent`.
public struct Traceparent: Sendable, Hashable, CustomStringConvertible {
    private let traceHigh: UInt64
    private let traceLow: UInt64
    private let span: UInt64
    public let sampled: Bool

    /// 32 lower-case hexadecimal digits, never all zero.
    public var traceID: String {
        Hex.text(count: 32) { digits in
            Hex.append(traceHigh, to: &digits)
            Hex.append(traceLow, to: &digits)
        }
    }

    /// 16 lower-case hexadecimal digits, never all zero.
    public var spanID: String { Hex.text(count: 16) { Hex.append(span, to: &$0) } }

    /// The header's value, always of version 00.
    public var description: String {
        Hex.text(count: 55) { digits in
            digits += [UInt8(ascii: "0"), UInt8(ascii: "0"), UInt8(ascii: "-")]
            Hex.append(traceHigh, to: &digits)
            Hex.append(traceLow, to: &digits)
            digits.append(UInt8(ascii: "-"))
            Hex.append(span, to: &digits)
            digits += [UInt8(ascii: "-"), UInt8(ascii: "0"), UInt8(ascii: sampled ? "1" : "0")]
        }
    }

    /// Parses a header's value; nil when it violates the standard. A later version is parsed as far as version 00 defines it, as the
    /// standard requires.
    public init?(_ header: String) {
        let bytes = Array(header.utf8.prefix(Self.headerBytesMax + 1))
        guard bytes.count >= 55, bytes.count <= Self.headerBytesMax,
            let version = Hex.value(bytes[0..<2]), version != 0xff,
            bytes.count == 55 || (version > 0 && bytes[55] == UInt8(ascii: "-")),
            bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"), bytes[52] == UInt8(ascii: "-"),
            let high = Hex.value(bytes[3..<19]), let low = Hex.value(bytes[19..<35]),
            let span = Hex.value(bytes[36..<52]), let flags = Hex.value(bytes[53..<55]),
            high != 0 || low != 0, span != 0
        else { return nil }
        self.init(high, low, span, sampled: flags & 1 == 1)
    }

    /// A new trace with its first span.
    public init(sampled: Bool = true, using random: inout some RandomNumberGenerator) {
        // An all-zero id would be invalid (probability 2^-64); setting the lowest bit avoids it.
        self.init(random.next(), random.next() | 1, random.next() | 1, sampled: sampled)
    }

    /// A new span in the same trace.
    public func child(using random: inout some RandomNumberGenerator) -> Traceparent {
        Traceparent(traceHigh, traceLow, random.next() | 1, sampled: sampled)
    }

    private init(_ high: UInt64, _ low: UInt64, _ span: UInt64, sampled: Bool) {
        traceHigh = high
        traceLow = low
        self.span = span
        self.sampled = sampled
    }

    /// A later version may be longer; longer values than this are refused.
    private static let headerBytesMax = 512
}

/// Lower-case hexadecimal digits.
enum Hex {
    static func append(_ value: UInt64, to digits: inout [UInt8]) {
        for shift in stride(from: 60, through: 0, by: -4) { digits.append(digit(UInt8((value >> UInt64(shift)) & 15))) }
    }

    /// The value of at most 16 lower-case digits; nil for anything else.
    static func value(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }

    static func text(count: Int, _ fill: (inout [UInt8]) -> Void) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(count)
        fill(&digits)
        return String(decoding: digits, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
