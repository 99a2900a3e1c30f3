#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A timestamptz, in whole microseconds; `timestamp` and `date` columns are read as UTC.
extension Date: PostgresValue {
    public static var postgresType: PostgresType { .timestamptz }

    /// PostgreSQL counts from 2000-01-01, Foundation from 2001-01-01: 366 days.
    private static var epochSeconds: Double { 366 * 86_400 }

    public func encode(into parameters: inout PostgresParameters) {
        let microseconds = ((timeIntervalSinceReferenceDate + Self.epochSeconds) * 1_000_000).rounded()
        // The server uses the first and last value for infinity; NaN fails the comparison too.
        guard microseconds.magnitude < 9.2e18 else { return parameters.refuse("a time out of range") }
        parameters.write(Int64(microseconds))
    }

    public init(from cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .timestamptz, .timestamp:
            let microseconds = try cell.integer(Int64.self)
            guard microseconds != .max, microseconds != .min else { throw cell.refusal("infinity") }
            self.init(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - Self.epochSeconds)
        case .date:
            let days = try cell.integer(Int32.self)
            guard days != .max, days != .min else { throw cell.refusal("infinity") }
            self.init(timeIntervalSinceReferenceDate: Double(days) * 86_400 - Self.epochSeconds)
        default: throw cell.refusal("no time")
        }
    }
}
