internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// One attempt of a person to pay for something. Its price is that of when it began.
struct Payment: Identifiable, Sendable, Equatable {
    enum Status: String, Sendable, CaseIterable {
        /// The outcome is still out.
        case initiated = "INITIATED"
        /// The customer's bank wants to hear from them.
        case requiresAction = "REQUIRES_ACTION"
        case completed = "COMPLETED"
        case failed = "FAILED"
        case refunded = "REFUNDED"
    }

    let id: PaymentID
    let userID: UserID
    /// nil for a subscription.
    let courseID: CourseID?
    /// The plan that is paid for; nil for a course.
    let plan: String?
    let amount: Money
    var status: Status
    /// The enrolment that is reserved for it, and that it pays for.
    var enrollmentID: EnrollmentID?
    /// Stripe's name of it.
    var stripeID: String?
    var failure: PaymentFailure?
    let createdAt: Date
    var completedAt: Date?
    /// When the enrolment was seen.
    var enrolledAt: Date?

    /// Whether an outcome may still change it: it moves once.
    var isOpen: Bool { status == .initiated || status == .requiresAction }
}

/// Why money did not move, for the person who wanted to pay.
struct PaymentFailure: Sendable, Equatable {
    /// Stripe's code of a refused card, or one of those below.
    let code: String
    let message: String
    /// Whether another attempt may come out otherwise.
    let isRetryable: Bool

    /// The person has the course already, or a seat in it is reserved: found out before any charge.
    static let alreadyEnrolled = PaymentFailure(
        code: "already-enrolled",
        message: "You are enrolled in this course already, or another payment for it is open.",
        isRetryable: false)
    static let badPaymentMethod = PaymentFailure(
        code: "bad-payment-method", message: "The payment method is not known.", isRetryable: true)
    /// Nobody went on with it in time.
    static let abandoned = PaymentFailure(
        code: "abandoned", message: "The payment was not confirmed in time.", isRetryable: true)
    /// It was paid, and given back.
    static let notEnrolled = PaymentFailure(
        code: "not-enrolled", message: "The enrolment could not be made; the amount was given back.", isRetryable: true)

    static func declined(_ code: String, _ message: String) -> PaymentFailure {
        PaymentFailure(code: code, message: message.isEmpty ? "The card was declined." : message, isRetryable: true)
    }
}

/// A step of a payment, for people who look into one.
struct PaymentStep: Sendable, Equatable {
    let name: String
    let at: Date
}

/// How long things may take before somebody looks after them.
struct PaymentLimits: Sendable {
    /// From payment to enrolment, before the event goes out again.
    var enrolledAfterMax = Duration.seconds(120)
    /// From payment to enrolment, before the money goes back.
    var refundedAfter = Duration.seconds(1_800)
    /// From the begin to an outcome, before it is given up: as long as a reservation of a seat lasts.
    var openMax = Duration.seconds(1_800)
    /// How long a request waits for the outcome of a charge.
    var answerMax = Duration.seconds(20)
    /// Payments that one round of the sweeper looks at.
    var sweptCountMax = 200
}
