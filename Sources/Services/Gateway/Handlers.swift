internal import Contracts
internal import Messaging

/// Events for live updates of connected users. They are not stored.
struct Handlers: Sendable {
    let streams: LiveStreams

    var tail: Tail {
        Tail(
            [
                show(EnrollmentCreated.self), show(ProgressUpdated.self), show(EnrollmentCompleted.self),
                show(PaymentCompleted.self), show(PaymentFailed.self), show(SubscriptionCreated.self),
                show(NotificationEmail.self), show(NotificationPush.self),
                TailHandler(on: UserDeleted.self) { streams.end($0.userID) },
            ], onGap: streams.resync, onChange: streams.follows)
    }

    private func show<E: ShownEvent>(_ type: E.Type) -> TailHandler {
        TailHandler(on: type) { streams.publish($0.shown) }
    }
}
