#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// An exact numeric. A value that `Decimal` cannot hold exactly is refused, never rounded.
extension Decimal: PostgresValue {
    public static var postgresType: PostgresType { .numeric }

    private static var positive: UInt16 { 0x0000 }
    private static var negative: UInt16 { 0x4000 }
    /// Base-10,000 digits: each holds four decimal digits.
    private static var groupDigits: Int { 4 }

    public func encode(into parameters: inout PostgresParameters) {
        if isNaN { return parameters.refuse("NaN") }
        // The description is exact and without exponent: "-123.045".
        var whole: [UInt8] = [], fraction: [UInt8] = [], inFraction = false
        for byte in description.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = byte - UInt8(ascii: "0")
                if inFraction { fraction.append(digit) } else { whole.append(digit) }
            case UInt8(ascii: "."): inFraction = true
            case UInt8(ascii: "-"): break
            default: return parameters.refuse("a decimal in an unknown notation")
            }
        }
        let scale = fraction.count
        let digits = Self.groupDigits
        whole.insert(contentsOf: repeatElement(0, count: (digits - whole.count % digits) % digits), at: 0)
        fraction.append(contentsOf: repeatElement(0, count: (digits - fraction.count % digits) % digits))
        var weight = whole.count / digits - 1
        let all = whole + fraction
        var groups = stride(from: 0, to: all.count, by: digits).map { start in
            all[start..<start + digits].reduce(0 as UInt16) { $0 * 10 + UInt16($1) }
        }
        while groups.last == 0 { groups.removeLast() }
        while groups.first == 0 {
            groups.removeFirst()
            weight -= 1
        }
        if groups.isEmpty { weight = 0 }
        guard let groupCount = Int16(exactly: groups.count), let weight = Int16(exactly: weight),
            let scale = Int16(exactly: scale)
        else { return parameters.refuse("a decimal out of range") }
        parameters.write(groupCount)
        parameters.write(weight)
        parameters.write(isSignMinus && !groups.isEmpty ? Self.negative : Self.positive)
        parameters.write(scale)
        for group in groups { parameters.write(group) }
    }

    public init(from cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .int2, .int4, .int8:
            self.init(try Int64(from: cell))
            return
        case .numeric: break
        default: throw cell.refusal("no number")
        }
        var reader = BinaryReader(try cell.unwrapped())
        let count = try reader.read(Int16.self, in: cell)
        let weight = Int(try reader.read(Int16.self, in: cell))
        let sign = try reader.read(UInt16.self, in: cell)
        _ = try reader.read(UInt16.self, in: cell)
        guard sign == Self.positive || sign == Self.negative else { throw cell.refusal("NaN or infinity") }
        // 38 digits, and the range of Decimal's exponent. Trailing zeros of the last group take no room in the significand.
        var significand: UInt128 = 0, exponent = 0
        for index in 0..<max(0, Int(count)) {
            var group = UInt128(try reader.read(UInt16.self, in: cell)), factor: UInt128 = 10_000
            guard group < 10_000 else { throw cell.refusal("a malformed number") }
            if index == Int(count) - 1 {
                exponent = (weight - index) * Self.groupDigits
                while group != 0, group % 10 == 0 {
                    group /= 10
                    factor /= 10
                    exponent += 1
                }
            }
            let (shifted, over) = significand.multipliedReportingOverflow(by: factor)
            let (sum, overToo) = shifted.addingReportingOverflow(group)
            guard !over, !overToo else { throw cell.refusal("a number with too many digits") }
            significand = sum
        }
        guard (-127...127).contains(exponent) else { throw cell.refusal("a number out of range") }
        let low = Decimal(UInt64(truncatingIfNeeded: significand)), high = Decimal(UInt64(significand >> 64))
        let magnitude = high * Decimal(sign: .plus, exponent: 0, significand: Decimal(UInt64.max)) + high + low
        self.init(sign: sign == Self.negative ? .minus : .plus, exponent: exponent, significand: magnitude)
    }
}
