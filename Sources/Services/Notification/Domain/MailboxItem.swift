#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The position of a mail in the development mailbox: a number that increases with time.
struct MailboxPlace: RawRepresentable, Sendable, Equatable {
    let number: Int

    var rawValue: String { String(number) }

    init(_ number: Int) { self.number = number }

    init?(rawValue: String) {
        guard let number = Int(rawValue) else { return nil }
        self.init(number)
    }
}

/// A mail in the development mailbox.
struct MailboxItem: Sendable, Equatable {
    var place: MailboxPlace
    var to: String
    var subject: String
    var text: String
    var html: String
    var receivedAt: Date
    var messageID: String
}
