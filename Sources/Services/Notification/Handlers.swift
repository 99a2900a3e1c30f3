internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    /// In the service's main group.
    var all: [Handler] {
        [
            Handler(name: "sendWelcomeOnUserRegistered", on: UserRegistered.self, sendWelcomeOnUserRegistered),
            Handler(name: "alertOnUserUpdated", on: UserUpdated.self, alertOnUserUpdated),
            Handler(name: "eraseRecipientOnUserDeleted", on: UserDeleted.self, eraseRecipientOnUserDeleted),
            Handler(name: "tellInstructorOnCourseCreated", on: CourseCreated.self, tellInstructorOnCourseCreated),
            Handler(name: "tellInstructorOnCoursePublished", on: CoursePublished.self, tellInstructorOnCoursePublished),
            Handler(
                name: "tellEnrollmentOnEnrollmentCreated", on: EnrollmentCreated.self, tellEnrollmentOnEnrollmentCreated
            ),
            Handler(name: "tellCompletionOnEnrollmentCompleted", on: EnrollmentCompleted.self, tell),
            Handler(name: "tellReceiptOnPaymentCompleted", on: PaymentCompleted.self, tell),
            Handler(name: "tellFailureOnPaymentFailed", on: PaymentFailed.self, tell),
            Handler(name: "tellSubscriptionOnSubscriptionCreated", on: SubscriptionCreated.self, tell),
            Handler(name: "tellSubmissionOnQuizSubmitted", on: QuizSubmitted.self, tell),
            Handler(name: "tellGradeOnAssignmentGraded", on: AssignmentGraded.self, tell),
            Handler(name: "tellMilestoneOnPointsAwarded", on: PointsAwarded.self, tell),
            Handler(name: "tellAchievementOnBadgeEarned", on: BadgeEarned.self, tell),
        ]
    }

    /// In the mail group. It only creates the mail in its transaction; the sender contacts the server later. So events may share a
    /// transaction, but a replay skips it, because the mails would be sent again.
    var mail: [Handler] {
        [
            Handler(
                name: "sendMailOnNotificationEmail", on: NotificationEmail.self, runsInReplay: false,
                sendMailOnNotificationEmail)
        ]
    }

    /// In the push group.
    var push: [Handler] {
        [
            Handler(
                name: "deliverPushOnNotificationPush", on: NotificationPush.self, runsInReplay: false,
                deliverPushOnNotificationPush)
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

    func tellInstructorOnCourseCreated(_ received: Received<CourseCreated>, _ tx: Transaction) async throws {
        let event = received.event
        operations.noteCourse(event.courseID, event.title, by: event.instructorID, asOf: event.createdAt, on: tx)
        try await tell(received, tx)
    }

    func tellInstructorOnCoursePublished(_ received: Received<CoursePublished>, _ tx: Transaction) async throws {
        let event = received.event
        operations.noteCourse(event.courseID, event.title, by: event.instructorID, asOf: event.publishedAt, on: tx)
        try await tell(received, tx)
        try operations.beginTellingLearners(of: event.courseID, because: received.eventID, on: tx)
    }

    func tellEnrollmentOnEnrollmentCreated(_ received: Received<EnrollmentCreated>, _ tx: Transaction) async throws {
        operations.noteLearner(received.event.userID, of: received.event.courseID, on: tx)
        try await tell(received, tx)
    }

    /// Notifies one person of the event; ``TellingEvent/telling`` decides who and what.
    func tell<E: TellingEvent>(_ received: Received<E>, _ tx: Transaction) async throws {
        try await operations.tell(received.event, because: received.eventID, on: tx)
    }

    func sendMailOnNotificationEmail(_ received: Received<NotificationEmail>, _ tx: Transaction) async throws {
        try operations.post(received.event, asked: received.eventID, on: tx)
    }

    func deliverPushOnNotificationPush(_ received: Received<NotificationPush>, _ tx: Transaction) async throws {
        operations.deliver(received.event, on: tx)
    }
}
