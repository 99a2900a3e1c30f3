internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A learner in a course, from the place that is kept while they pay to how it ended.
struct Enrollment: Sendable, Equatable, Identifiable {
    let id: EnrollmentID
    let userID: UserID
    let courseID: CourseID
    let source: EnrollmentSource
    let paymentID: PaymentID?
    var state: EnrollmentState
    var standing = Standing.none
    /// In percent; nil while not completed, and in a course in which nothing is graded.
    var finalScore: Double?
    /// Until when a place is kept that is not paid for yet.
    var reservedUntil: Date?
    /// nil for a place that was never paid for: nobody is told of such.
    var enrolledAt: Date?
    var completedAt: Date?

    /// A place that is kept for whoever pays until `end`.
    static func reservation(
        for user: UserID, in course: CourseID, _ payment: PaymentID, id: EnrollmentID, until end: Date
    ) -> Enrollment {
        Enrollment(
            id: id, userID: user, courseID: course, source: .purchase, paymentID: payment, state: .pendingPayment,
            reservedUntil: end)
    }

    /// Whoever need not pay, or has paid.
    static func active(
        _ user: UserID, in course: CourseID, _ source: EnrollmentSource, _ payment: PaymentID? = nil, id: EnrollmentID,
        at time: Date
    ) -> Enrollment {
        Enrollment(
            id: id, userID: user, courseID: course, source: source, paymentID: payment, state: .active,
            enrolledAt: time)
    }

    /// Where the API shows an enrolment.
    static func path(of id: EnrollmentID) -> String { "/enrollments/\(id)" }

    /// Keeps the place again, for as long as a new one.
    mutating func reserveAgain(until end: Date) {
        state = .pendingPayment
        reservedUntil = end
    }

    /// The place is paid for.
    mutating func activate(at time: Date) {
        state = .active
        reservedUntil = nil
        enrolledAt = time
    }

    /// - Returns: whether it is withdrawn by this.
    mutating func withdraw() throws(EnrollmentError) -> Bool {
        if state == .withdrawn { return false }
        guard state == .active else { throw .notActive }
        state = .withdrawn
        return true
    }

    /// Takes over what the learner has achieved by now. A completed enrolment stays as it was completed.
    mutating func take(_ standing: Standing, finalScore: Double?, at time: Date) {
        guard state == .active else { return }
        self.standing = standing
        guard standing.isComplete else { return }
        state = .completed
        completedAt = time
        self.finalScore = finalScore
    }

    /// How long completion took, in days begun: "1 day", "30 days".
    var duration: String {
        guard let enrolledAt, let completedAt else { return "0 days" }
        let days = max(1, Int((completedAt.timeIntervalSince(enrolledAt) / 86_400).rounded(.up)))
        return days == 1 ? "1 day" : "\(days) days"
    }
}

/// What an enrolment has come to. There is one of the first three for a learner and a course.
enum EnrollmentState: String, Sendable {
    case pendingPayment = "PENDING_PAYMENT"
    case active = "ACTIVE"
    case completed = "COMPLETED"
    case withdrawn = "WITHDRAWN"
    /// The place was kept in vain.
    case expired = "EXPIRED"
    case refunded = "REFUNDED"

    /// Whether the learner may learn.
    var isOpen: Bool { self == .active || self == .completed }

    /// Whether a payment that went through still leads to an enrolment.
    var awaitsPayment: Bool { self == .pendingPayment || self == .expired }
}
