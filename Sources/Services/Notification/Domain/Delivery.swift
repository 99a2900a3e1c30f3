internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A mail on its way.
struct Delivery: Sendable, Equatable {
    /// The event that asks for the mail: one event, one mail.
    var eventID: EventID
    var userID: UserID
    var to: String
    var subject: String
    var kind: NoticeKind
    var facts: Facts
    /// 1 for the first time. Tells processes apart that came to hold the same mail one after the other.
    var attempt: Int
    var createdAt: Date
    /// When the mail was put off for the first time; nil when it never was, since it was last asked for.
    var putOffSince: Date?

    /// The name before the address.
    var recipientName: String? {
        let name = [facts[.firstName], facts[.lastName]].filter { !$0.isEmpty }.joined(separator: " ")
        return name.isEmpty ? nil : name
    }
}

/// Which request something goes back to, for what is done later than its event is handled.
struct Journey: Sendable, Equatable {
    var correlationID: String
    var traceparent: String
}

/// How a mail may end.
public enum DeliveryState: String, Sendable, CaseIterable {
    /// It is yet to be sent, at its time.
    case waiting
    /// A process is at it; should it be gone, another one takes over.
    case sending
    case sent
    /// It will not be sent, unless an operator says so: the address or the mail was refused for good, or put off for too long.
    case failed
    /// Its reader is erased.
    case dropped
}

/// What came of an attempt.
enum DeliveryOutcome: Sendable, Equatable {
    case sent
    /// Refused for good. `code` is the server's answer, nil when the mail never got that far.
    case refused(code: Int?, reason: String)
    /// Not now, or nobody can say: again later.
    case deferred(code: Int?, reason: String)
    /// The server takes no mail at all: it does not answer, or refuses us. Says nothing about this mail.
    /// - Parameter code: the server's answer, nil when there was none.
    case serverUnwilling(code: Int?, reason: String)
}
