internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A rendition's signed URL, valid for a limited time for anyone who has it: browsers send no token when they load media of a page.
struct SignedAddress: Sendable, Equatable {
    /// The URL stays the same within an hour, so that it can be cached; it is valid for one to two hours.
    static let hourSeconds = 3_600

    let mediaID: MediaID
    let name: String
    /// Seconds since 1970.
    let expiresAt: Int

    init(_ mediaID: MediaID, _ name: String, expiresAt: Int) {
        self.mediaID = mediaID
        self.name = name
        self.expiresAt = expiresAt
    }

    /// A URL issued now.
    init(_ mediaID: MediaID, _ name: String, at time: Date) {
        let hour = Int(time.timeIntervalSince1970) / Self.hourSeconds
        self.init(mediaID, name, expiresAt: (hour + 2) * Self.hourSeconds)
    }

    /// The signed text.
    var text: String { "\(mediaID)\n\(name)\n\(expiresAt)" }

    func path(signature: String) -> String {
        "/media/files/\(mediaID)/\(name)?expires=\(expiresAt)&signature=\(signature)"
    }

    /// The remaining validity; nil when it has expired.
    func secondsLeft(at time: Date) -> Int? {
        let left = expiresAt - Int(time.timeIntervalSince1970)
        return left > 0 && left <= 2 * Self.hourSeconds ? left : nil
    }
}
