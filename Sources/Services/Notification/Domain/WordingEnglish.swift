internal import Contracts

extension Wording {
    init(english kind: NoticeKind, _ facts: Facts) {
        switch kind {
        case .welcome:
            self.init(
                "Welcome to Learning Hub", "Your account is ready.",
                more: Self.englishWelcome(facts[.role]))
        case .profileChanged:
            self.init(
                "Your account was changed", Self.englishChange(facts),
                more: ["If this was not you, change your password at once and write to us."])
        case .enrollment:
            self.init(
                "You are enrolled", "You are enrolled in \(Self.englishCourse(facts)).",
                more: ["Begin whenever you like: your progress is kept."])
        case .completion:
            let score = facts[.percent].isEmpty ? "" : " Your final score is \(facts[.percent]) percent."
            self.init(
                "You have completed \(Self.englishCourse(facts))",
                "Congratulations! You have completed \(Self.englishCourse(facts)).\(score)",
                more: ["Your certificate is being made; you find it in your profile in a moment."])
        case .receipt:
            self.init(
                "Receipt: \(Self.englishMoney(facts))",
                "We have received your payment of \(Self.englishMoney(facts))\(Self.englishPurpose(facts)). Thank you!",
                more: ["The number of the payment is \(facts[.paymentID])."])
        case .paymentFailed where !facts[.refunded].isEmpty:
            self.init(
                "Your payment was refunded",
                "We could not enrol you, so we have refunded your payment of \(Self.englishMoney(facts))\(Self.englishPurpose(facts)).",
                more: ["The money can take some days to reach your account. You can order again at any time."])
        case .paymentFailed:
            self.init(
                "Your payment has failed",
                "Your payment of \(Self.englishMoney(facts))\(Self.englishPurpose(facts)) did not go through. \(Self.englishAdvice(facts))"
            )
        case .subscription:
            self.init(
                "Your subscription has begun",
                "You are subscribed to \(facts[.plan]) for \(Self.englishMoney(facts)) a \(Self.englishInterval(facts)).",
                more: ["The first \(Self.englishInterval(facts)) runs until \(facts[.until])."])
        case .quizSubmitted:
            self.init(
                "Your quiz was handed in",
                "We have your answers to the quiz in \(Self.englishCourse(facts)), attempt \(facts[.attempt]).")
        case .grade:
            let work = facts[.work] == GradedWorkKind.quiz.rawValue ? "quiz" : "assignment"
            self.init(
                "Your \(work) was graded",
                "Your \(work) in \(Self.englishCourse(facts)) has \(facts[.score]) of \(facts[.maxScore]) points, \(facts[.percent]) percent.",
                more: ["You find the details in the course."])
        case .achievement:
            self.init(
                "You have earned a badge: \(facts[.badgeName])",
                "The badge “\(facts[.badgeName])” is yours\(Self.englishPurpose(facts)). Congratulations!",
                more: ["You find it in your profile."])
        case .milestone:
            self.init(
                "You have reached \(facts[.milestone]) points",
                "You have collected \(facts[.milestone]) points. Well done!", more: ["Each step counts. Keep going!"])
        case .courseCreated:
            self.init(
                "“\(facts[.courseTitle])” was created", "“\(facts[.courseTitle])” is a draft: nobody else sees it yet.")
        case .coursePublished:
            self.init(
                "“\(facts[.courseTitle])” is published",
                "“\(facts[.courseTitle])” is in the catalogue: learners can enrol from now on.",
                more: ["We wish you many of them."])
        case .newCourse:
            self.init(
                "A new course: “\(facts[.courseTitle])”",
                "“\(facts[.courseTitle])” is in the catalogue, by somebody you have learned with.")
        }
    }

    private static func englishCourse(_ facts: Facts) -> String {
        facts[.courseTitle].isEmpty ? "your course" : "“\(facts[.courseTitle])”"
    }

    /// "for the course …", when a course is known.
    private static func englishPurpose(_ facts: Facts) -> String {
        facts[.courseID].isEmpty ? "" : " for \(englishCourse(facts))"
    }

    private static func englishMoney(_ facts: Facts) -> String { "\(facts[.amount]) \(facts[.currency])" }

    /// The advice after a failed payment.
    private static func englishAdvice(_ facts: Facts) -> String {
        facts[.retryable].isEmpty ? "Please choose another way to pay." : "Please try again in a moment."
    }

    private static func englishInterval(_ facts: Facts) -> String {
        facts[.interval] == BillingInterval.year.rawValue ? "year" : "month"
    }

    private static func englishChange(_ facts: Facts) -> String {
        guard let change = ProfileChange(facts) else { return "Your account was changed." }
        var sentences: [String] = []
        if change.changesEmail { sentences.append("The e-mail address of your account was changed.") }
        if change.changesRole { sentences.append("Your role is now: \(englishRole(facts[.role])).") }
        return sentences.joined(separator: " ")
    }

    private static func englishWelcome(_ role: String) -> [String] {
        switch Role(rawValue: role) {
        case .admin: ["You can administer accounts, courses and payments."]
        case .instructor: ["Create your first course whenever you like: learners see it when you publish it."]
        case .student, nil:
            [
                "Choose a course and begin whenever you like: your progress is kept.",
                "We wish you much joy in learning.",
            ]
        }
    }

    private static func englishRole(_ role: String) -> String {
        switch Role(rawValue: role) {
        case .student: "student"
        case .instructor: "instructor"
        case .admin: "administrator"
        case nil: role
        }
    }
}
