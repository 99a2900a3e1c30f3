internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The address of a rendition that is good for a while, for whoever has it: a browser sends no token with what a page plays.
struct SignedAddress: Sendable, Equatable {
    /// Within an hour the address is the same, so that caches know what they have; it is good for one to two hours.
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

    /// An address given out now.
    init(_ mediaID: MediaID, _ name: String, at time: Date) {
        let hour = Int(time.timeIntervalSince1970) / Self.hourSeconds
        self.init(mediaID, name, expiresAt: (hour + 2) * Self.hourSeconds)
    }

    /// What is signed.
    var text: String { "\(mediaID)\n\(name)\n\(expiresAt)" }

    func path(signature: String) -> String {
        "/media/files/\(mediaID)/\(name)?expires=\(expiresAt)&signature=\(signature)"
    }

    /// How long it is still good; nil when it is over.
    func secondsLeft(at time: Date) -> Int? {
        let left = expiresAt - Int(time.timeIntervalSince1970)
        return left > 0 && left <= 2 * Self.hourSeconds ? left : nil
    }
}
