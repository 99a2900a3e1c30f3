public import Contracts

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A mail as an operator looks at it: what became of it, and why.
public struct Mail: Sendable, Equatable {
    /// The event that asks for the mail.
    public let id: EventID
    public let userID: UserID
    public let state: DeliveryState
    /// `welcome`, for one.
    public let kind: String
    /// Nil when the mail is out or its reader is erased.
    public let address: String?
    public let attempts: Int
    /// The mail server's last answer.
    public let code: Int?
    /// What came of the last attempt; shows no address.
    public let reason: String?
    public let correlationID: String
    public let createdAt: Date
    /// When it is tried again; nil when it is not.
    public let dueAt: Date?
    public let finishedAt: Date?

    /// The address as far as it may be shown on any screen: `a…@example.org`.
    public var maskedAddress: String? {
        guard let address else { return nil }
        guard let at = address.lastIndex(of: "@"), let first = address.first, first != "@" else { return "…" }
        return "\(first)…\(address[at...])"
    }
}

/// What became of all mails.
public struct MailCounts: Sendable, Equatable {
    public let failed: Int
    public let waiting: Int
    /// Among those that wait, the ones that should be out by now.
    public let late: Int
    /// What came of the last attempt at a mail that waits.
    public let reason: String?
}
