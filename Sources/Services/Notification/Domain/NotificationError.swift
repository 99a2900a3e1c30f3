/// Why an operation was refused.
enum NotificationError: Error, Sendable, Equatable {
    /// The notification does not exist or belongs to another person.
    case unknownNotice
    /// The mail is not in the development mailbox, or no longer.
    case unknownMail
    /// A mail server is configured: there is no development mailbox.
    case noMailbox
}
