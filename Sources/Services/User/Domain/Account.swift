internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A person's account. After erasure only ``AccountStatus`` remains.
struct Account: Sendable, Equatable, Identifiable {
    let id: UserID
    var email: Email
    var firstName: PersonName
    var lastName: PersonName
    var role: Role
    var plan: Plan
    var timeZone: TimeZoneName
    var locale: LocaleTag
    /// Increases with every change; the `ETag` of the profile.
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

    /// The path of an account in the API.
    static func path(of id: UserID) -> String { "/users/\(id)" }

    /// The changed fields for events, under their API names; empty when both are equal.
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

/// A person's plan.
struct Plan: RawRepresentable, Sendable, Hashable {
    let rawValue: String
    static let free = Plan(rawValue: "FREE")
}

enum AccountStatus: String, Sendable {
    case active = "ACTIVE"
    /// The personal data is deleted; the id remains reserved.
    case erased = "ERASED"
}

/// The data of a new account.
struct Registration: Sendable {
    var email: Email
    var password: Password
    var firstName: PersonName
    var lastName: PersonName
    var timeZone: TimeZoneName = .utc
    var locale: LocaleTag = .english

    /// Why the password is too easily derived from this person's data.
    var passwordComplaint: Complaint? { password.complaint(of: email, [firstName, lastName]) }
}

/// Changes of a profile; nil leaves a field unchanged.
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
