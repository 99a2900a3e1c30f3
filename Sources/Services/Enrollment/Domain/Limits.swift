#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The limits of the service.
struct Limits: Sendable {
    /// How long a place is kept for somebody who is paying.
    var reservationSeconds: TimeInterval = 1_800
    /// How old a course may be, as it is known here, before course is asked again.
    var outlineAgeSecondsMax: TimeInterval = 60
    /// Reservations that one transaction lets expire.
    var expiryCountMax = 1_000
}
