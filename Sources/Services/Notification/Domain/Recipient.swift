internal import Contracts

/// A possible recipient, as known from the user service's events.
struct Recipient: Sendable, Equatable {
    var userID: UserID
    var email: String
    var firstName: String
    var lastName: String
    var language: Language

    /// Given and family name; either may be missing.
    var fullName: String { [firstName, lastName].filter { !$0.isEmpty }.joined(separator: " ") }
}

extension Recipient {
    init(_ event: UserRegistered, language: Language) {
        self.init(
            userID: event.userID, email: event.email, firstName: event.firstName, lastName: event.lastName,
            language: language)
    }

    init(_ event: UserUpdated, language: Language) {
        self.init(
            userID: event.userID, email: event.email, firstName: event.firstName, lastName: event.lastName,
            language: language)
    }
}
