internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The notification for an event.
struct Telling: Sendable, Equatable {
    var kind: NoticeKind
    var userID: UserID
    var facts: Facts = [:]
    /// The id of the object, for notifications that must be sent once although several events may cause them.
    var once: String?
}

/// An event that causes a notification to one person.
protocol TellingEvent: Event {
    /// nil when the event causes no notification.
    var telling: Telling? { get }
}

extension EnrollmentCreated: TellingEvent {
    var telling: Telling? { Telling(kind: .enrollment, userID: userID, facts: [.courseID: courseID.rawValue]) }
}

extension EnrollmentCompleted: TellingEvent {
    var telling: Telling? {
        var facts: Facts = [.courseID: courseID.rawValue]
        if let finalScore { facts[.percent] = Facts.text(of: finalScore) }
        return Telling(kind: .completion, userID: userID, facts: facts)
    }
}

extension PaymentCompleted: TellingEvent {
    /// The payment service repeats this event until the enrolment is confirmed.
    var telling: Telling? {
        var facts: Facts = [.paymentID: paymentID.rawValue, .courseID: courseID?.rawValue ?? ""]
        facts.add(amount)
        return Telling(kind: .receipt, userID: userID, facts: facts, once: paymentID.rawValue)
    }
}

extension PaymentFailed: TellingEvent {
    /// The payment service has charged the card, could not enrol the learner, and has given the money back.
    private static let refundedCode = "not-enrolled"

    var telling: Telling? {
        var facts: Facts = [
            .courseID: courseID?.rawValue ?? "", .retryable: retryable ? "yes" : "",
            .refunded: code == Self.refundedCode ? "yes" : "",
        ]
        facts.add(amount)
        return Telling(kind: .paymentFailed, userID: userID, facts: facts)
    }
}

extension SubscriptionCreated: TellingEvent {
    var telling: Telling? {
        var facts: Facts = [.plan: plan, .interval: interval.rawValue, .until: Facts.text(of: currentPeriodEnd)]
        facts.add(amount)
        return Telling(kind: .subscription, userID: userID, facts: facts)
    }
}

extension QuizSubmitted: TellingEvent {
    var telling: Telling? {
        Telling(
            kind: .quizSubmitted, userID: userID, facts: [.courseID: courseID.rawValue, .attempt: String(attempt)])
    }
}

extension AssignmentGraded: TellingEvent {
    var telling: Telling? {
        let facts: Facts = [
            .courseID: courseID.rawValue, .work: kind.rawValue, .score: Facts.text(of: score),
            .maxScore: Facts.text(of: maxScore), .percent: Facts.text(of: percent),
        ]
        return Telling(kind: .grade, userID: userID, facts: facts)
    }
}

extension BadgeEarned: TellingEvent {
    var telling: Telling? {
        Telling(
            kind: .achievement, userID: userID,
            facts: [.badge: badgeCode, .badgeName: badgeName, .courseID: courseID?.rawValue ?? ""])
    }
}

extension PointsAwarded: TellingEvent {
    /// Points are announced only at milestones.
    var telling: Telling? {
        milestone.map { Telling(kind: .milestone, userID: userID, facts: [.milestone: String($0)]) }
    }
}

extension CourseCreated: TellingEvent {
    var telling: Telling? { Telling(kind: .courseCreated, userID: instructorID, facts: [.courseTitle: title]) }
}

extension CoursePublished: TellingEvent {
    var telling: Telling? { Telling(kind: .coursePublished, userID: instructorID, facts: [.courseTitle: title]) }
}

extension Facts {
    mutating func add(_ money: Money) {
        self[.amount] = money.amount
        self[.currency] = money.currency.rawValue
    }

    /// At most two decimals, with a decimal point.
    static func text(of number: Double) -> String {
        let hundredths = (number * 100).rounded()
        guard let whole = Int64(exactly: hundredths) else { return "" }
        if whole % 100 == 0 { return String(whole / 100) }
        return String(hundredths / 100)
    }

    /// The day as 2027-01-15.
    static func text(of day: Date) -> String { day.formatted(.iso8601.year().month().day()) }
}
