extension Topic {
    public static let userRegistered = Topic(
        name: "user.registered", partitions: 3, retentionDays: 7, producer: .user,
        consumers: [.notification, .gamification])
    public static let userUpdated = Topic(
        name: "user.updated", partitions: 3, retentionDays: 7, producer: .user, consumers: [.notification])
    public static let userDeleted = Topic(
        name: "user.deleted", partitions: 3, retentionDays: 30, producer: .user,
        consumers: [
            .notification, .auth, .course, .enrollment, .payment, .media, .content, .assessment, .review,
            .certificate, .gamification,
        ])
    public static let courseCreated = Topic(
        name: "course.created", partitions: 3, retentionDays: 30, producer: .course, consumers: [.notification])
    public static let courseUpdated = Topic(
        name: "course.updated", partitions: 3, retentionDays: 7, producer: .course, consumers: [.content])
    public static let coursePublished = Topic(
        name: "course.published", partitions: 3, retentionDays: 30, producer: .course, consumers: [.notification])
    public static let enrollmentCreated = Topic(
        name: "enrollment.created", partitions: 5, retentionDays: 30, producer: .enrollment,
        consumers: [.notification, .content, .gamification, .review, .payment])
    public static let enrollmentCompleted = Topic(
        name: "enrollment.completed", partitions: 3, retentionDays: 90, producer: .enrollment,
        consumers: [.certificate, .notification, .gamification, .review])
    public static let progressUpdated = Topic(
        name: "progress.updated", partitions: 5, retentionDays: 7, producer: .enrollment, consumers: [.gamification])
    public static let paymentInitiated = Topic(
        name: "payment.initiated", partitions: 3, retentionDays: 90, producer: .payment)
    public static let paymentCompleted = Topic(
        name: "payment.completed", partitions: 5, retentionDays: 365, producer: .payment,
        consumers: [.enrollment, .notification])
    public static let paymentFailed = Topic(
        name: "payment.failed", partitions: 3, retentionDays: 90, producer: .payment, consumers: [.notification])
    public static let subscriptionCreated = Topic(
        name: "subscription.created", partitions: 3, retentionDays: 365, producer: .payment,
        consumers: [.notification, .user])
    public static let mediaUploaded = Topic(
        name: "media.uploaded", partitions: 3, retentionDays: 30, producer: .media, consumers: [.content, .transcoder])
    public static let mediaProcessed = Topic(
        name: "media.processed", partitions: 3, retentionDays: 30, producer: .media, consumers: [.content])
    public static let quizSubmitted = Topic(
        name: "quiz.submitted", partitions: 3, retentionDays: 90, producer: .assessment,
        consumers: [.gamification, .notification, .enrollment])
    public static let assignmentGraded = Topic(
        name: "assignment.graded", partitions: 3, retentionDays: 90, producer: .assessment,
        consumers: [.notification, .gamification, .enrollment])
    public static let notificationEmail = Topic(
        name: "notification.email", partitions: 5, retentionDays: 7, producer: .notification, consumers: [.emailSender])
    public static let notificationPush = Topic(
        name: "notification.push", partitions: 3, retentionDays: 7, producer: .notification, consumers: [.pushSender])
    public static let badgeEarned = Topic(
        name: "badge.earned", partitions: 3, retentionDays: 365, producer: .gamification, consumers: [.notification])
    public static let pointsAwarded = Topic(
        name: "points.awarded", partitions: 3, retentionDays: 90, producer: .gamification, consumers: [.notification])
}

/// Every topic, declared once. Topic creation, access rights, consumer wiring and documentation are derived from here and from
/// the schemas in `contracts/`.
public enum TopicCatalogue {
    /// Copies of a partition on a cluster.
    public static let replication = 3
    /// Copies that must have a record before it counts as written.
    public static let inSyncReplicasMin = 2

    public static let all: [Topic] = [
        .userRegistered, .userUpdated, .userDeleted, .courseCreated, .courseUpdated, .coursePublished,
        .enrollmentCreated, .enrollmentCompleted, .progressUpdated, .paymentInitiated, .paymentCompleted,
        .paymentFailed, .subscriptionCreated, .mediaUploaded, .mediaProcessed, .quizSubmitted, .assignmentGraded,
        .notificationEmail, .notificationPush, .badgeEarned, .pointsAwarded,
    ]

    /// Every group that reads a topic, in order of name.
    public static let groups: [ConsumerGroup] = Set(all.flatMap(\.consumers)).sorted()

    /// The dead-letter topic of every group.
    public static let deadLetters: [Topic] = groups.map(deadLetter(for:))

    /// Where a group puts what it cannot handle.
    public static func deadLetter(for group: ConsumerGroup) -> Topic {
        Topic(name: "\(group).dlq", partitions: 3, retentionDays: 30, producer: group.service)
    }

    /// The topic of that name, dead-letter topics included.
    public static func topic(named name: String) -> Topic? {
        byName[name]
    }

    /// What a group reads.
    public static func topics(readBy group: ConsumerGroup) -> [Topic] {
        all.filter { $0.consumers.contains(group) }
    }

    /// What a service writes.
    public static func topics(writtenBy service: ServiceName) -> [Topic] {
        all.filter { $0.producer == service }
    }

    private static let byName = Dictionary((all + deadLetters).map { ($0.name, $0) }) { first, _ in first }
}
