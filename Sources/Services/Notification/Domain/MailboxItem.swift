#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A mail in the development mailbox.
struct MailboxItem: Sendable, Equatable {
    /// Rises with time.
    var id: Int
    var to: String
    var subject: String
    var text: String
    var html: String
    var receivedAt: Date
    var messageID: String
}
