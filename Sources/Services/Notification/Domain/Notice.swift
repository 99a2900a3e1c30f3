internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// One notification to one person. Its texts are made when it is read or sent, so it follows the reader's language.
struct Notice: Sendable, Equatable {
    var id: NotificationID
    var userID: UserID
    var kind: NoticeKind
    var facts: Facts
    var createdAt: Date
    var readAt: Date?

    init(
        id: NotificationID, userID: UserID, kind: NoticeKind, facts: Facts, createdAt: Date, readAt: Date? = nil
    ) {
        self.id = id
        self.userID = userID
        self.kind = kind
        self.facts = facts
        self.createdAt = createdAt
        self.readAt = readAt
    }

    /// - Parameter cause: gives the notification its id, so that telling of the same event twice is telling of it once; but for what
    ///   is to be told of once whatever event says so.
    init(_ telling: Telling, because cause: EventID, at time: Date) {
        let source = telling.once ?? cause.rawValue
        self.init(
            id: NotificationID(checked: "ntf_" + source.drop { $0 != "_" }.dropFirst()), userID: telling.userID,
            kind: telling.kind, facts: telling.facts, createdAt: time)
    }
}

/// A notification to somebody we have not heard of yet.
struct WaitingNotice: Sendable, Equatable {
    var notice: Notice
    /// The event it tells of.
    var cause: EventID
    var journey: Journey
}

/// What the wording of a notification fills in, by name.
struct Facts: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The names; they stand in tables and events: frozen.
    enum Name: String, Sendable {
        case firstName, lastName, language
        case changed, role
        case courseID, courseTitle
        case amount, currency, paymentID, retryable
        case plan, interval, until
        case work, attempt, score, maxScore, percent
        case badge, badgeName, milestone
    }

    private(set) var values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    init(dictionaryLiteral elements: (Name, String)...) {
        values = [:]
        for (name, value) in elements where !value.isEmpty { values[name.rawValue] = value }
    }

    /// Empty when it is not there: a mail with a gap is better than none.
    subscript(name: Name) -> String {
        get { values[name.rawValue] ?? "" }
        set { values[name.rawValue] = newValue }
    }

    /// With what a mail needs to know about whom it is written to.
    func addressed(to recipient: Recipient) -> Facts {
        var facts = self
        facts[.firstName] = recipient.firstName
        facts[.lastName] = recipient.lastName
        facts[.language] = recipient.language.rawValue
        return facts
    }
}
