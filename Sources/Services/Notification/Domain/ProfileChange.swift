/// What of a changed account somebody has to be told of, because a stranger could have done it.
struct ProfileChange: Sendable, Equatable {
    let changesEmail: Bool
    let changesRole: Bool

    /// Nil when nothing of the kind changed.
    init?(changedFields: [String]) {
        changesEmail = changedFields.contains("email")
        changesRole = changedFields.contains("role")
        if !changesEmail && !changesRole { return nil }
    }

    init?(_ facts: Facts) { self.init(changedFields: facts[.changed].split(separator: ",").map(String.init)) }

    /// As it stands among the facts of a notice.
    var names: String {
        [changesEmail ? "email" : nil, changesRole ? "role" : nil].compactMap(\.self).joined(separator: ",")
    }
}
