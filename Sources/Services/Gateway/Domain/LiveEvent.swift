internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A live update for a user: one of their objects, `id`, has changed. The client fetches its new state.
struct LiveEvent: Sendable, Equatable {
    /// Kind of a notification entry, for any channel.
    static let notification = "notification"

    let userID: UserID
    /// The name of the event's topic, or ``notification``.
    let kind: String
    let id: String
    let at: Date
}

/// An event shown to the user it concerns as a live update.
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
