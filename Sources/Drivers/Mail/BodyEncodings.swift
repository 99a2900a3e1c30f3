#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Quoted-printable (RFC 2045, section 6.7): readable when most of a text is ASCII.
enum QuotedPrintable {
    private static let lineBytesMax = 76

    /// Whether it is shorter than base64 for this text: fewer than one byte in six needs escaping.
    static func suits(_ text: String) -> Bool {
        let escaped = text.utf8.reduce(0) { $1 < 0x80 ? $0 : $0 + 1 }
        return escaped * 6 <= text.utf8.count
    }

    static func append(_ text: String, to bytes: inout [UInt8]) {
        var column = 0
        let source = Lines.canonical(text)
        var index = 0
        while index < source.count {
            let byte = source[index]
            if byte == 13 {
                bytes += [13, 10]
                column = 0
                index += 2
                continue
            }
            let endsLine = index + 1 < source.count && source[index + 1] == 13
            // A line with a single dot ends a message in SMTP. The transport escapes it; our messages avoid it anyway.
            let isFirstDot = byte == UInt8(ascii: ".") && column == 0
            let isPlain = isPlain(byte, endsLine: endsLine) && !isFirstDot
            // One column is reserved for the `=` of a soft line break, unless the line ends here.
            if column + (isPlain ? 1 : 3) > lineBytesMax - (endsLine ? 0 : 1) {
                bytes += [UInt8(ascii: "="), 13, 10]
                column = 0
            }
            if isPlain { bytes.append(byte) } else { appendEscaped(byte, to: &bytes) }
            column += isPlain ? 1 : 3
            index += 1
        }
    }

    /// Space and tab at the end of a line may be lost in transport.
    private static func isPlain(_ byte: UInt8, endsLine: Bool) -> Bool {
        if byte == 9 || byte == 32 { return !endsLine }
        return ASCII.isPrintable(byte) && byte != UInt8(ascii: "=")
    }

    static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "="))
        bytes.append(digit(byte >> 4))
        bytes.append(digit(byte & 15))
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}

/// Base64 in lines (RFC 2045, section 6.8).
enum Base64Lines {
    private static let lineBytesMax = 76

    static func append(_ content: [UInt8], to bytes: inout [UInt8]) {
        var rest = Array(text(content).utf8)[...]
        while !rest.isEmpty {
            bytes += rest.prefix(lineBytesMax)
            bytes += [13, 10]
            rest = rest.dropFirst(lineBytesMax)
        }
    }

    static func text(_ content: [UInt8]) -> String { Data(content).base64EncodedString() }
}

/// The date of a header (RFC 5322, section 3.3), in UTC.
enum MIMEDate {
    private static let calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    static func text(_ date: Date) -> String {
        let fields = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second, .weekday], from: date)
        let day = name(of: fields.weekday, in: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"])
        let month = name(
            of: fields.month,
            in: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])
        let time = [fields.hour, fields.minute, fields.second].map { twoDigits($0 ?? 0) }.joined(separator: ":")
        return "\(day), \(twoDigits(fields.day ?? 1)) \(month) \(fields.year ?? 1970) \(time) +0000"
    }

    private static func name(of number: Int?, in names: [String]) -> String {
        guard let number, names.indices.contains(number - 1) else { return names[0] }
        return names[number - 1]
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
