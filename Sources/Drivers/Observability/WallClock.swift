#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The time of day. Testable code takes the time as a parameter with this as its default.
public enum WallClock {
    public static var millisecondsSinceEpoch: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// Appends a time as `2026-01-31T23:59:59.123Z` to `bytes`.
func appendTimestamp(millisecondsSinceEpoch: Int64, to bytes: inout [UInt8]) {
    // Years 1 to 9999; times outside are clamped.
    let time = min(max(millisecondsSinceEpoch, -62_135_596_800_000), 253_402_300_799_999)
    let milliseconds = Int(floorMod(time, 86_400_000))
    let (year, month, day) = civil(daysSinceEpoch: Int((time - Int64(milliseconds)) / 86_400_000))
    append(year, digits: 4, then: "-", to: &bytes)
    append(month, digits: 2, then: "-", to: &bytes)
    append(day, digits: 2, then: "T", to: &bytes)
    append(milliseconds / 3_600_000, digits: 2, then: ":", to: &bytes)
    append(milliseconds / 60_000 % 60, digits: 2, then: ":", to: &bytes)
    append(milliseconds / 1_000 % 60, digits: 2, then: ".", to: &bytes)
    append(milliseconds % 1_000, digits: 3, then: "Z", to: &bytes)
}

private func append(_ value: Int, digits: Int, then end: Unicode.Scalar, to bytes: inout [UInt8]) {
    var divisor = digits == 4 ? 1_000 : digits == 3 ? 100 : 10
    while divisor > 0 {
        bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
        divisor /= 10
    }
    bytes.append(UInt8(ascii: end))
}

private func floorMod(_ value: Int64, _ divisor: Int64) -> Int64 {
    let rest = value % divisor
    return rest < 0 ? rest + divisor : rest
}

/// The proleptic Gregorian date of a day, counted in eras of 400 years that begin on a first of March.
private func civil(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
    let days = daysSinceEpoch + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
}
