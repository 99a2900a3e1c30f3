public import Contracts

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A mail as shown to operators, with its state and errors.
public struct Mail: Sendable, Equatable {
    /// The event that requested the mail.
    public let id: EventID
    public let userID: UserID
    public let state: DeliveryState
    /// For example `welcome`.
    public let kind: String
    /// nil after sending, and after the recipient's erasure.
    public let address: String?
    public let attempts: Int
    /// The mail server's last reply.
    public let code: Int?
    /// The result of the last attempt, without addresses.
    public let reason: String?
    public let correlationID: String
    public let createdAt: Date
    /// The time of the next attempt; nil when there is none.
    public let dueAt: Date?
    public let finishedAt: Date?

    /// The masked address: `a…@example.org`.
    public var maskedAddress: String? {
        guard let address else { return nil }
        guard let at = address.lastIndex(of: "@"), let first = address.first, first != "@" else { return "…" }
        return "\(first)…\(address[at...])"
    }
}

/// Counts of all mails by state.
public struct MailCounts: Sendable, Equatable {
    public let failed: Int
    public let waiting: Int
    /// Waiting mails that are overdue.
    public let late: Int
    /// The result of the last attempt at a waiting mail.
    public let reason: String?
}
