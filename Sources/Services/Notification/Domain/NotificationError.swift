/// Why something was not done.
enum NotificationError: Error, Sendable, Equatable {
    /// There is no such notification, or it is somebody else's.
    case unknownNotice
    /// There is no such mail in the development mailbox, or no more.
    case unknownMail
    /// Mail goes to a real server: there is no mailbox to look into.
    case noMailbox
}
