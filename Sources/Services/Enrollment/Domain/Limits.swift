#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The limits of the service.
struct Limits: Sendable {
    /// How long a place is reserved during payment.
    var reservationSeconds: TimeInterval = 1_800
    /// The maximum age of a cached course before it is requested again.
    var outlineAgeSecondsMax: TimeInterval = 60
    /// How long a list of enrolments waits for all its courses together before it shows an older state.
    var listWaitMax = Duration.seconds(2)
    /// The maximum number of reservations that expire per transaction.
    var expiryCountMax = 1_000
}
