internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What a notification is about. The text names it in tables, events and the API: frozen.
enum NoticeKind: String, CaseIterable, Sendable {
    case welcome
    case profileChanged = "profile-changed"
    case milestone
    case achievement
}

/// One notification to one person. Its texts are made when it is read or sent, so it follows the reader's language.
struct Notice: Sendable, Equatable {
    var id: NotificationID
    var userID: UserID
    var kind: NoticeKind
    var facts: Facts
    var createdAt: Date
    var readAt: Date?

    /// The event it tells of.
    var cause: EventID { EventID(checked: "evt_" + id.rawValue.dropFirst("ntf_".count)) }

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

    /// - Parameter cause: gives the notification its id, so that telling of the same event twice is telling of it once.
    init(_ kind: NoticeKind, to userID: UserID, because cause: EventID, _ facts: Facts = [:], at time: Date) {
        self.init(
            id: NotificationID(checked: "ntf_" + cause.rawValue.dropFirst("evt_".count)), userID: userID, kind: kind,
            facts: facts, createdAt: time)
    }
}

/// What the wording of a notification fills in, by name.
struct Facts: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The names; they stand in tables and events: frozen.
    enum Name: String, Sendable {
        case firstName, lastName, language
        case changed, role
        case milestone
        case badge, badgeName
    }

    private(set) var values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    init(dictionaryLiteral elements: (Name, String)...) {
        values = [:]
        for (name, value) in elements { values[name.rawValue] = value }
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

extension Notice {
    /// Badges that are told of in the list alone. The newcomer's comes with the account, and so does the welcome mail: two mails for
    /// one click are one too many.
    private static let quietBadges: Set<String> = ["NEWCOMER"]

    /// Whether a mail goes out beside the entry in the list.
    var isMailed: Bool { kind != .achievement || !Self.quietBadges.contains(facts[.badge]) }
}
