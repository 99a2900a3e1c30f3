internal import Contracts

/// Someone who can be written to, as we know them from the events of the user service.
struct Recipient: Sendable, Equatable {
    var userID: UserID
    var email: String
    var firstName: String
    var lastName: String
    var language: Language

    /// Given and family name, either of which may be missing.
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
