#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A browser or app from which an account logged in, identified by a token it stores.
///
/// The token grants no access. Attempts with it are only counted separately.
enum Device {
    /// The maximum number of devices per account; the least recently used one is removed.
    static let countMax = 20
    /// A device is removed after half a year without a log-in.
    static let lifetimeSeconds: TimeInterval = 180 * 86_400
}
