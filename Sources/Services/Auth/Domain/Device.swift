#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A browser or an app that an account was logged in to from, known by a token it keeps.
///
/// The token opens nothing. It only lets attempts with it be counted apart from everybody else's.
enum Device {
    /// Devices an account knows; one more, and the one that was used the longest ago is forgotten.
    static let countMax = 20
    /// A device is forgotten when nobody has logged in with it for half a year.
    static let lifetimeSeconds: TimeInterval = 180 * 86_400
}
