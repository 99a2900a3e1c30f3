internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A mail to be sent.
struct Delivery: Sendable, Equatable {
    /// The event that requested the mail: one mail per event.
    var eventID: EventID
    var userID: UserID
    var to: String
    var subject: String
    var kind: NoticeKind
    var facts: Facts
    /// Counted from 1. Distinguishes processes that claim the same mail one after the other.
    var attempt: Int
    var createdAt: Date
    /// When the mail was first deferred; nil if not since it was last requested.
    var putOffSince: Date?

    /// The display name.
    var recipientName: String? {
        let name = [facts[.firstName], facts[.lastName]].filter { !$0.isEmpty }.joined(separator: " ")
        return name.isEmpty ? nil : name
    }
}

/// The trace of a request, for work that runs after the event was handled.
struct Journey: Sendable, Equatable {
    var correlationID: String
    var traceparent: String
}

/// The states of a mail.
public enum DeliveryState: String, Sendable, CaseIterable {
    /// Waiting for its due time.
    case waiting
    /// Claimed by a process; if that process dies, another one takes over.
    case sending
    case sent
    /// Failed: permanently refused or deferred for too long. Only an operator can have it sent again.
    case failed
    /// The recipient is erased.
    case dropped
}

/// The result of an attempt.
enum DeliveryOutcome: Sendable, Equatable {
    case sent
    /// Permanently refused. `code` is the server's reply code, nil when the mail was not sent to the server.
    case refused(code: Int?, reason: String)
    /// A temporary failure, or the result is unknown: retry later.
    case deferred(code: Int?, reason: String)
    /// The server does not respond or rejects us. Unrelated to this mail.
    /// - Parameter code: the server's reply code, nil without a reply.
    case serverUnwilling(code: Int?, reason: String)
}
