internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A person's account. An erased one is no account any more; see ``AccountStatus``.
struct Account: Sendable, Equatable, Identifiable {
    let id: UserID
    var email: Email
    var firstName: PersonName
    var lastName: PersonName
    var role: Role
    var plan: Plan
    var timeZone: TimeZoneName
    var locale: LocaleTag
    /// Rises with every change; the `ETag` of the profile.
    var version: Int
    let createdAt: Date
    var updatedAt: Date

    init(_ registration: Registration, id: UserID, role: Role, at time: Date) {
        self.init(
            id: id, email: registration.email, firstName: registration.firstName, lastName: registration.lastName,
            role: role, plan: .free, timeZone: registration.timeZone, locale: registration.locale, version: 1,
            createdAt: time, updatedAt: time)
    }

    init(
        id: UserID, email: Email, firstName: PersonName, lastName: PersonName, role: Role, plan: Plan,
        timeZone: TimeZoneName, locale: LocaleTag, version: Int, createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.email = email
        self.firstName = firstName
        self.lastName = lastName
        self.role = role
        self.plan = plan
        self.timeZone = timeZone
        self.locale = locale
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// Where the API shows an account.
    static func path(of id: UserID) -> String { "/users/\(id)" }

    /// What is called changed in events, by the name it has in the API; empty when `other` says the same.
    func changes(to other: Account) -> [String] {
        var names: [String] = []
        if other.email != email { names.append("email") }
        if other.firstName != firstName { names.append("firstName") }
        if other.lastName != lastName { names.append("lastName") }
        if other.role != role { names.append("role") }
        if other.plan != plan { names.append("plan") }
        if other.timeZone != timeZone { names.append("timeZone") }
        if other.locale != locale { names.append("locale") }
        return names
    }
}

/// What a person is subscribed to.
struct Plan: RawRepresentable, Sendable, Hashable {
    let rawValue: String
    static let free = Plan(rawValue: "FREE")
}

enum AccountStatus: String, Sendable {
    case active = "ACTIVE"
    /// Its personal data is gone; the id stays, so that nobody gets it again.
    case erased = "ERASED"
}

/// What it takes to open an account.
struct Registration: Sendable {
    var email: Email
    var password: Password
    var firstName: PersonName
    var lastName: PersonName
    var timeZone: TimeZoneName = .utc
    var locale: LocaleTag = .english

    /// What is wrong with the password because it is this person's.
    var passwordComplaint: Complaint? { password.complaint(of: email, [firstName, lastName]) }
}

/// What a person changes of their profile; nil leaves a part as it is.
struct ProfileEdit: Sendable {
    var email: Email?
    var firstName: PersonName?
    var lastName: PersonName?
    var timeZone: TimeZoneName?
    var locale: LocaleTag?

    func applied(to account: Account) -> Account {
        var edited = account
        edited.email = email ?? account.email
        edited.firstName = firstName ?? account.firstName
        edited.lastName = lastName ?? account.lastName
        edited.timeZone = timeZone ?? account.timeZone
        edited.locale = locale ?? account.locale
        return edited
    }
}
