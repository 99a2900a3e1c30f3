#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Date {
    /// Rounded to the nearest millisecond, as `timestamp-millis` holds it.
    public var millisecondsSince1970: Int64 {
        let value = (timeIntervalSince1970 * 1_000).rounded()
        if value.isNaN { return 0 }
        if value >= 0x1p63 { return .max }
        return value < -0x1p63 ? .min : Int64(value)
    }

    /// - Parameter milliseconds: since 1970-01-01T00:00:00Z.
    public init(millisecondsSince1970 milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}

extension Date {
    /// `2026-01-31T23:59:59.123Z`, rounded to milliseconds, so that parsing and formatting a date again does not change it. Times outside
    /// the years 0 to 9999 are clamped.
    public var iso8601Milliseconds: String {
        let milliseconds = min(max(ISO8601.millisecondsMin, millisecondsSince1970), ISO8601.millisecondsMax)
        return ISO8601.text(millisecondsSince1970: milliseconds, decimals: .always) ?? ""
    }

    /// Parses what ``ISO8601/milliseconds(_:)`` accepts; nil for anything else.
    public init?(iso8601 text: String) {
        guard let milliseconds = ISO8601.milliseconds(text) else { return nil }
        self.init(millisecondsSince1970: milliseconds)
    }
}

/// ISO-8601 in UTC: `2024-01-16T18:00:00Z`.
public enum ISO8601 {
    /// Whether the three decimals of the milliseconds are written.
    public enum Decimals: Sendable {
        case always
        case whenNotZero
    }

    /// The start of the year 0 and the end of the year 9999.
    static let millisecondsMin: Int64 = -62_167_219_200_000, millisecondsMax: Int64 = 253_402_300_799_999

    /// The text of an instant, or nil outside the years 0 to 9999.
    public static func text(
        millisecondsSince1970 milliseconds: Int64, decimals: Decimals = .whenNotZero
    ) -> String? {
        let (days, inDay) = milliseconds.flooredDivision(by: 86_400_000)
        // Days of the proleptic Gregorian calendar, in eras of 400 years that begin on March 1.
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        guard (0...9_999).contains(year) else { return nil }
        let seconds = inDay / 1_000
        let fraction = inDay % 1_000
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
        text += "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        if fraction != 0 || decimals == .always { text += ".\(padded(fraction, 3))" }
        return text + "Z"
    }

    /// Parses `YYYY-MM-DDTHH:MM:SS[.fraction]Z` or an offset such as `+02:00`; nil for anything else. Fractions below a millisecond are
    /// dropped.
    /// finer than a millisecond is dropped.
    public static func milliseconds(_ text: String) -> Int64? {
        var scan = DigitScan(Array(text.utf8))
        guard let year = scan.digits(4), scan.take("-"), let month = scan.digits(2), scan.take("-"),
            let day = scan.digits(2), scan.take("T") || scan.take("t") || scan.take(" "),
            let hour = scan.digits(2), scan.take(":"), let minute = scan.digits(2), scan.take(":"),
            let second = scan.digits(2),
            (1...12).contains(month), day >= 1, day <= daysInMonth(month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        var milliseconds: Int64 = 0
        if scan.take(".") {
            guard let fraction = scan.fraction() else { return nil }
            milliseconds = fraction
        }
        guard let offsetMinutes = scan.offsetMinutes(), scan.isAtEnd else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + hour * 3_600 + (minute - offsetMinutes) * 60 + second
        return seconds * 1_000 + milliseconds
    }

    private static func daysInMonth(_ month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

extension Int64 {
    /// Floored division: the remainder is never negative.
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Parses the digits of a time.
private struct DigitScan {
    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { position == text.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func digit() -> Int64? {
        guard position < text.count, (48...57).contains(text[position]) else { return nil }
        position += 1
        return Int64(text[position - 1] - 48)
    }

    mutating func digits(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// One or more digits; the first three are milliseconds.
    mutating func fraction() -> Int64? {
        guard var value = digit() else { return nil }
        var count = 1
        while let next = digit() {
            if count < 3 { value = value * 10 + next }
            count += 1
        }
        while count < 3 {
            value *= 10
            count += 1
        }
        return value
    }

    mutating func offsetMinutes() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64 = take("+") ? 1 : -1
        guard sign == 1 || take("-"), let hours = digits(2), take(":"), let minutes = digits(2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
