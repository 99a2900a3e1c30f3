internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The enrolment of a learner in a course, from the reservation during payment to its end.
struct Enrollment: Sendable, Equatable, Identifiable {
    let id: EnrollmentID
    let userID: UserID
    let courseID: CourseID
    let source: EnrollmentSource
    let paymentID: PaymentID?
    var state: EnrollmentState
    var standing = Standing.none
    /// In percent; nil before completion, and in a course without graded work.
    var finalScore: Double?
    /// The end of an unpaid reservation.
    var reservedUntil: Date?
    /// nil if it was never paid for; such enrolments send no events.
    var enrolledAt: Date?
    var completedAt: Date?

    /// A reservation until `end`, during payment.
    static func reservation(
        for user: UserID, in course: CourseID, _ payment: PaymentID, id: EnrollmentID, until end: Date
    ) -> Enrollment {
        Enrollment(
            id: id, userID: user, courseID: course, source: .purchase, paymentID: payment, state: .pendingPayment,
            reservedUntil: end)
    }

    /// An enrolment that needs no payment, or is paid.
    static func active(
        _ user: UserID, in course: CourseID, _ source: EnrollmentSource, _ payment: PaymentID? = nil, id: EnrollmentID,
        at time: Date
    ) -> Enrollment {
        Enrollment(
            id: id, userID: user, courseID: course, source: source, paymentID: payment, state: .active,
            enrolledAt: time)
    }

    /// The path of an enrolment in the API.
    static func path(of id: EnrollmentID) -> String { "/enrollments/\(id)" }

    /// Renews the reservation for the full period.
    mutating func reserveAgain(until end: Date) {
        state = .pendingPayment
        reservedUntil = end
    }

    /// The reservation is paid.
    mutating func activate(at time: Date) {
        state = .active
        reservedUntil = nil
        enrolledAt = time
    }

    /// - Returns: whether this call withdrew it.
    mutating func withdraw() throws(EnrollmentError) -> Bool {
        if state == .withdrawn { return false }
        guard state == .active else { throw .notActive }
        state = .withdrawn
        return true
    }

    /// Updates the learner's progress. A completed enrolment does not change.
    mutating func take(_ standing: Standing, finalScore: Double?, at time: Date) {
        guard state == .active else { return }
        self.standing = standing
        guard standing.isComplete else { return }
        state = .completed
        completedAt = time
        self.finalScore = finalScore
    }

    /// Whether the progress depends on the course in its current state; otherwise it stays as it was at the end.
    var followsCourse: Bool { state == .active || standing.totalLessons == 0 }

    /// The enrolment with the progress in the course as it is now: lessons may have been added since the learner's last progress, and
    /// without any progress none is stored.
    func current(in outline: Outline, _ record: Record) -> Enrollment {
        guard followsCourse else { return self }
        var current = self
        // The records also belong to a later enrolment.
        current.standing = outline.standing(of: state == .active ? record : Record())
        return current
    }

    /// The duration in started days: "1 day", "30 days".
    var duration: String {
        guard let enrolledAt, let completedAt else { return "0 days" }
        let days = max(1, Int((completedAt.timeIntervalSince(enrolledAt) / 86_400).rounded(.up)))
        return days == 1 ? "1 day" : "\(days) days"
    }
}

/// The states of an enrolment. A learner has at most one enrolment in a course in one of the first three states.
enum EnrollmentState: String, Sendable {
    case pendingPayment = "PENDING_PAYMENT"
    case active = "ACTIVE"
    case completed = "COMPLETED"
    case withdrawn = "WITHDRAWN"
    /// The reservation expired without payment.
    case expired = "EXPIRED"
    case refunded = "REFUNDED"

    /// Whether the learner has access.
    var isOpen: Bool { self == .active || self == .completed }

    /// Whether a successful payment still leads to an enrolment.
    var awaitsPayment: Bool { self == .pendingPayment || self == .expired }
}
