internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What a person is told of while it happens: that something of theirs has changed. What it is now they ask for.
struct LiveEvent: Sendable, Equatable {
    /// Of an entry in the list of notifications, however it goes out.
    static let notification = "notification"

    let userID: UserID
    /// What happened, as its topic is called, or ``notification``.
    let kind: String
    /// To what.
    let id: String
    let at: Date
}

/// An event that the person it concerns sees while it happens.
protocol ShownEvent: Event {
    var shown: LiveEvent { get }
}

extension ShownEvent {
    fileprivate func shown(to user: UserID, _ id: some HubID, at time: Date) -> LiveEvent {
        LiveEvent(userID: user, kind: Self.topic.name, id: id.rawValue, at: time)
    }
}

extension EnrollmentCreated: ShownEvent {
    var shown: LiveEvent { shown(to: userID, enrollmentID, at: enrolledAt) }
}

extension ProgressUpdated: ShownEvent {
    var shown: LiveEvent { shown(to: userID, enrollmentID, at: updatedAt) }
}

extension EnrollmentCompleted: ShownEvent {
    var shown: LiveEvent { shown(to: userID, enrollmentID, at: completedAt) }
}

extension PaymentCompleted: ShownEvent {
    var shown: LiveEvent { shown(to: userID, paymentID, at: completedAt) }
}

extension PaymentFailed: ShownEvent {
    var shown: LiveEvent { shown(to: userID, paymentID, at: failedAt) }
}

extension SubscriptionCreated: ShownEvent {
    var shown: LiveEvent { shown(to: userID, subscriptionID, at: createdAt) }
}

extension NotificationEmail: ShownEvent {
    var shown: LiveEvent {
        LiveEvent(userID: userID, kind: LiveEvent.notification, id: notificationID.rawValue, at: createdAt)
    }
}

extension NotificationPush: ShownEvent {
    var shown: LiveEvent {
        LiveEvent(userID: userID, kind: LiveEvent.notification, id: notificationID.rawValue, at: createdAt)
    }
}
