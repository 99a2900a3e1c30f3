internal import Contracts

/// Why a request about a payment was refused.
enum PaymentError: Error, Sendable, Equatable {
    /// No such payment or subscription, or not theirs.
    case notFound
    /// The course does not exist, or is not for sale.
    case courseNotFound
    case paymentMethodRequired
    /// The course costs another amount than the person was shown.
    case priceChanged(now: Money)
    /// The charge came to nothing.
    case refused(PaymentFailure)
    /// The course is priced in a way that cannot be charged.
    case notChargeable
    /// The state of the payment does not allow it.
    case wrongState(Payment.Status)
    /// A subscription is open or active already.
    case alreadySubscribed
    case badSignature
    case badEvent
}
