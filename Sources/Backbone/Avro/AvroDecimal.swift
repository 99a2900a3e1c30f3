/// An exact decimal number: `unscaled` × 10^-`scale`.
public struct AvroDecimal: Equatable, Sendable, CustomStringConvertible {
    public var unscaled: Int128
    /// Digits after the point, 0 to 38.
    public var scale: Int

    public init(unscaled: Int128, scale: Int) {
        self.unscaled = unscaled
        self.scale = scale
    }

    /// Parses `-12.34` or `1e3`.
    /// - Parameter scale: the number of digits after the point; text with more non-zero digits is refused.
    public init?(_ text: String, scale: Int) {
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        var digits: [UInt8] = []
        var exponent = 0
        var digitsSeen = false
        while let byte = rest.first, byte == UInt8(ascii: ".") || (48...57).contains(byte) {
            rest = rest.dropFirst()
            if byte == UInt8(ascii: ".") {
                guard digitsSeen, !rest.isEmpty, (48...57).contains(rest[rest.startIndex]) else { return nil }
                while let digit = rest.first, (48...57).contains(digit) {
                    digits.append(digit - 48)
                    exponent -= 1
                    rest = rest.dropFirst()
                }
                break
            }
            digits.append(byte - 48)
            digitsSeen = true
        }
        guard digitsSeen, digits.count <= 256 else { return nil }
        if let mark = rest.first {
            guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E"),
                let power = Int(String(rest.dropFirst()) ?? ""),
                (-256...256).contains(power)
            else { return nil }
            exponent += power
        }
        // Shift the digits so that the last one has the weight 10^-scale.
        while exponent < -scale {
            guard digits.isEmpty || digits.last == 0 else { return nil }
            if !digits.isEmpty { digits.removeLast() }
            exponent += 1
        }
        digits.append(contentsOf: repeatElement(0, count: exponent + scale))
        var value: Int128 = 0
        for digit in digits {
            let (shifted, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, overSum) = shifted.addingReportingOverflow(Int128(digit))
            guard !over, !overSum else { return nil }
            value = sum
        }
        self.init(unscaled: isNegative ? -value : value, scale: scale)
    }

    public var description: String {
        let digits = String(unscaled.magnitude)
        let sign = unscaled < 0 ? "-" : ""
        guard scale > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
        return "\(sign)\(padded.dropLast(scale)).\(padded.suffix(scale))"
    }

    /// Whether the digits fit into a decimal of that precision.
    public func fits(precision: Int) -> Bool {
        String(unscaled.magnitude).count <= precision
    }

    // MARK: bytes

    /// Big-endian two's complement in the fewest bytes.
    public var bytes: [UInt8] {
        var bytes = (0..<16).reversed().map { UInt8(truncatingIfNeeded: unscaled >> ($0 * 8)) }
        while bytes.count > 1, bytes[0] == 0 && bytes[1] < 0x80 || bytes[0] == 0xff && bytes[1] >= 0x80 {
            bytes.removeFirst()
        }
        return bytes
    }

    /// - Parameter bytes: big-endian two's complement; nil when empty or longer than 128 bits.
    public init?(bytes: some Collection<UInt8>, scale: Int) {
        guard let first = bytes.first else { return nil }
        var value: Int128 = first >= 0x80 ? -1 : 0
        for byte in bytes {
            let (shifted, over) = value.multipliedReportingOverflow(by: 256)
            guard !over else { return nil }
            value = shifted | Int128(byte)
        }
        self.init(unscaled: value, scale: scale)
    }
}
