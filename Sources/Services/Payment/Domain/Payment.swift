internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A person's attempt to pay. The price is fixed when it begins.
struct Payment: Identifiable, Sendable, Equatable {
    enum Status: String, Sendable, CaseIterable {
        /// In progress.
        case initiated = "INITIATED"
        /// The customer's bank requires authentication.
        case requiresAction = "REQUIRES_ACTION"
        case completed = "COMPLETED"
        case failed = "FAILED"
        case refunded = "REFUNDED"
    }

    let id: PaymentID
    let userID: UserID
    /// nil for a subscription.
    let courseID: CourseID?
    /// The purchased plan; nil for a course.
    let plan: String?
    let amount: Money
    var status: Status
    /// The reserved enrolment.
    var enrollmentID: EnrollmentID?
    /// The id of the intent at Stripe, for a plan that of the first invoice. Plans whose intent is not known have the id of the subscription.
    var stripeID: String?
    var failure: PaymentFailure?
    let createdAt: Date
    var completedAt: Date?
    /// When the enrolment was confirmed.
    var enrolledAt: Date?

    /// Whether the outcome is still open; it is set once.
    var isOpen: Bool { status == .initiated || status == .requiresAction }

    /// What a refund can name at Stripe.
    var intent: String? { stripeID.flatMap { $0.hasPrefix("pi_") ? $0 : nil } }

    /// Whether money that `intent` collects pays for nothing: the payment has failed, or has another intent.
    func isSurplus(_ intent: String) -> Bool { !isOpen && (status == .failed || stripeID != intent) }
}

/// Why a payment failed, for the payer.
struct PaymentFailure: Sendable, Equatable {
    /// Stripe's decline code, or one of those below.
    let code: String
    let message: String
    /// Whether another attempt may succeed.
    let isRetryable: Bool

    /// The person already has the course or a reservation: detected before any charge.
    static let alreadyEnrolled = PaymentFailure(
        code: "already-enrolled",
        message: "You are enrolled in this course already, or another payment for it is open.",
        isRetryable: false)
    static let badPaymentMethod = PaymentFailure(
        code: "bad-payment-method", message: "The payment method is unknown.", isRetryable: true)
    /// Stripe refused the charge, and not because of the card. The log has Stripe's code.
    static let unchargeable = PaymentFailure(
        code: "cannot-be-charged", message: "The payment cannot be charged. You paid nothing.", isRetryable: false)
    /// The payment was not completed in time.
    static let abandoned = PaymentFailure(
        code: "abandoned", message: "The payment was not completed in time.", isRetryable: true)
    /// It was paid and then refunded.
    static let notEnrolled = PaymentFailure(
        code: "not-enrolled", message: "The enrolment failed; the amount was refunded.", isRetryable: true)

    static func declined(_ code: String, _ message: String) -> PaymentFailure {
        PaymentFailure(code: code, message: message.isEmpty ? "The card was declined." : message, isRetryable: true)
    }
}

/// A step of a payment, for support.
struct PaymentStep: Sendable, Equatable {
    let name: String
    let at: Date
}

/// The time limits after which the sweeper acts.
struct PaymentLimits: Sendable {
    /// From payment to enrolment, before the event is sent again.
    var enrolledAfterMax = Duration.seconds(120)
    /// From payment to enrolment, before the refund.
    var refundedAfter = Duration.seconds(1_800)
    /// From the second sending of the event to the refund at the earliest: after a long outage enrollment first reads what waits for it.
    var refundedAfterResent = Duration.seconds(300)
    /// How long a plan whose next invoice is a draft covers more: Stripe charges it after an hour.
    var draftMax = Duration.seconds(7_200)
    /// From the start to an outcome, before the payment is abandoned: the duration of a reservation.
    var openMax = Duration.seconds(1_800)
    /// From the start to the last attempt to charge. After 24 hours Stripe no longer knows the key, and the same call would charge again.
    var chargedWithin = Duration.seconds(82_800)
    /// From one attempt to cancel an open payment, or to look up an overdue plan, to the next.
    var sweptAgainAfter = Duration.seconds(3_600)
    /// From a failed refund to the next attempt.
    var refundedAgainAfter = Duration.seconds(86_400)
    /// Attempts of a task that meet a failure of Stripe with one call, before the task rests.
    var failuresInARowMax = 8
    /// How long it rests.
    var failuresRest = Duration.seconds(300)
    /// How long a request waits for the result of a charge.
    var answerMax = Duration.seconds(20)
    /// How long a request waits for the client secret of an intent, without which it is answered then.
    var clientSecretMax = Duration.seconds(3)
    /// The maximum number of payments per sweep.
    var sweptCountMax = 200
}
