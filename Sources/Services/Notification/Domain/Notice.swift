internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A notification to one person. Its texts are created when it is read or sent, in the reader's current language.
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

    /// - Parameter cause: determines the notification's id, so that a redelivered event creates no second one. For notifications that
    ///   several events may cause, the id is that of the object.
    init(_ telling: Telling, because cause: EventID, at time: Date) {
        let source = telling.once ?? cause.rawValue
        self.init(
            id: NotificationID(checked: "ntf_" + source.drop { $0 != "_" }.dropFirst()), userID: telling.userID,
            kind: telling.kind, facts: telling.facts, createdAt: time)
    }
}

/// A notification to a person who is not known yet.
struct WaitingNotice: Sendable, Equatable {
    var notice: Notice
    /// The event it is about.
    var cause: EventID
    var journey: Journey
}

/// The values that fill the placeholders of a text, by name.
struct Facts: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The names are stored in tables and events, so they must not change.
    enum Name: String, Sendable {
        case firstName, lastName, language
        case changed, role
        case courseID, courseTitle
        case amount, currency, paymentID, retryable, refunded
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

    /// Empty when missing: a mail with a gap is better than no mail.
    subscript(name: Name) -> String {
        get { values[name.rawValue] ?? "" }
        set { values[name.rawValue] = newValue }
    }

    /// Adds the recipient's data that a mail needs.
    func addressed(to recipient: Recipient) -> Facts {
        var facts = self
        facts[.firstName] = recipient.firstName
        facts[.lastName] = recipient.lastName
        facts[.language] = recipient.language.rawValue
        return facts
    }
}
