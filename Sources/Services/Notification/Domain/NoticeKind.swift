/// What a notification is about. The text names it in tables, events and the API: frozen.
enum NoticeKind: String, CaseIterable, Sendable {
    case welcome
    case profileChanged = "profile-changed"
    case enrollment
    case completion
    case receipt
    case paymentFailed = "payment-failed"
    case subscription
    case quizSubmitted = "quiz-submitted"
    case grade
    case achievement
    case milestone
    case courseCreated = "course-created"
    case coursePublished = "course-published"
    case newCourse = "new-course"
}

extension Notice {
    /// What its reader did a moment ago, and need not be written to about; and what nobody asked to be told of.
    private static let quietKinds: Set<NoticeKind> = [.quizSubmitted, .courseCreated, .newCourse]
    /// What is worth looking up for: achievements, grades, and the certificate that comes with a completed course.
    private static let pushedKinds: Set<NoticeKind> = [.achievement, .milestone, .grade, .completion]
    /// Badges that come with what a mail goes out for anyway: two mails for one click are one too many.
    private static let quietBadges: Set<String> = ["NEWCOMER", "FIRST_ENROLLMENT"]

    private var isQuiet: Bool {
        Self.quietKinds.contains(kind) || kind == .achievement && Self.quietBadges.contains(facts[.badge])
    }

    /// Whether a mail goes out beside the entry in the list.
    var isMailed: Bool { !isQuiet }

    /// Whether a push message goes out beside the entry in the list.
    var isPushed: Bool { Self.pushedKinds.contains(kind) && !isQuiet }
}
