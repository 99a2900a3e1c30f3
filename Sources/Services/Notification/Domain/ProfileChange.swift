/// The account changes that the owner must be notified of, because an attacker could have made them.
struct ProfileChange: Sendable, Equatable {
    let changesEmail: Bool
    let changesRole: Bool

    /// nil when no such field changed.
    init?(changedFields: [String]) {
        changesEmail = changedFields.contains("email")
        changesRole = changedFields.contains("role")
        if !changesEmail && !changesRole { return nil }
    }

    init?(_ facts: Facts) { self.init(changedFields: facts[.changed].split(separator: ",").map(String.init)) }

    /// The stored form among the facts of a notification.
    var names: String {
        [changesEmail ? "email" : nil, changesRole ? "role" : nil].compactMap(\.self).joined(separator: ",")
    }
}
