/// The kind of a notification. The raw value is used in tables, events and the API, so it must not change.
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
    /// Results of the reader's own actions, and news nobody subscribed to: no mail.
    private static let quietKinds: Set<NoticeKind> = [.quizSubmitted, .courseCreated, .newCourse]
    /// Worth a push message: achievements, grades, and the certificate of a completed course.
    private static let pushedKinds: Set<NoticeKind> = [.achievement, .milestone, .grade, .completion]
    /// Badges for actions that already cause a mail: one action should not cause two mails.
    private static let quietBadges: Set<String> = ["NEWCOMER", "FIRST_ENROLLMENT"]

    /// The maximum number of mails of one kind to one person in a day. People could otherwise enter a stranger's address and then cause as
    /// many mails to it as they like. The limits of the kinds are separate, so that no flood hides the warning of a changed account.
    static let mailsOfKindPerDayMax = 20
    /// Each of them costs its reader money.
    private static let unlimitedKinds: Set<NoticeKind> = [.receipt, .subscription]

    /// Whether there is a limit of mails of this kind.
    var isLimited: Bool { !Self.unlimitedKinds.contains(kind) }

    private var isQuiet: Bool {
        Self.quietKinds.contains(kind) || kind == .achievement && Self.quietBadges.contains(facts[.badge])
    }

    /// Whether a mail is sent in addition to the list entry.
    var isMailed: Bool { !isQuiet }

    /// Whether a push message is sent in addition to the list entry.
    var isPushed: Bool { Self.pushedKinds.contains(kind) && !isQuiet }
}
