internal import Contracts
internal import Messaging
internal import Postgres

/// What events lead to. The names are frozen.
struct Handlers: Sendable {
    let operations: Operations

    /// Of the service's own group.
    var all: [Handler] {
        [
            Handler(name: "sendWelcomeOnUserRegistered", on: UserRegistered.self, sendWelcomeOnUserRegistered),
            Handler(name: "alertOnUserUpdated", on: UserUpdated.self, alertOnUserUpdated),
            Handler(name: "eraseRecipientOnUserDeleted", on: UserDeleted.self, eraseRecipientOnUserDeleted),
            Handler(name: "tellMilestoneOnPointsAwarded", on: PointsAwarded.self, tellMilestoneOnPointsAwarded),
            Handler(name: "tellAchievementOnBadgeEarned", on: BadgeEarned.self, tellAchievementOnBadgeEarned),
        ]
    }

    /// Of the group that delivers mail. It only takes the mail on, in its transaction; the sender speaks to the server later. So events
    /// may share a transaction, but a replay, which would have the mail sent again, leaves it out.
    var mail: [Handler] {
        [
            Handler(
                name: "sendMailOnNotificationEmail", on: NotificationEmail.self, runsInReplay: false,
                sendMailOnNotificationEmail)
        ]
    }

    func sendWelcomeOnUserRegistered(_ received: Received<UserRegistered>, _ tx: Transaction) async throws {
        try await operations.welcome(received.event, because: received.eventID, on: tx)
    }

    func alertOnUserUpdated(_ received: Received<UserUpdated>, _ tx: Transaction) async throws {
        try await operations.noteProfile(received.event, because: received.eventID, on: tx)
    }

    func eraseRecipientOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }

    func tellMilestoneOnPointsAwarded(_ received: Received<PointsAwarded>, _ tx: Transaction) async throws {
        try await operations.tellMilestone(received.event, because: received.eventID, on: tx)
    }

    func tellAchievementOnBadgeEarned(_ received: Received<BadgeEarned>, _ tx: Transaction) async throws {
        try await operations.tellAchievement(received.event, because: received.eventID, on: tx)
    }

    func sendMailOnNotificationEmail(_ received: Received<NotificationEmail>, _ tx: Transaction) async throws {
        try operations.post(received.event, asked: received.eventID, on: tx)
    }
}
