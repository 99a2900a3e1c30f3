internal import Contracts

/// Why a payment request was refused.
enum PaymentError: Error, Sendable, Equatable {
    /// The payment or subscription does not exist, or belongs to another person.
    case notFound
    /// The course does not exist, or is not for sale.
    case courseNotFound
    case paymentMethodRequired
    /// The price differs from the one shown to the person.
    case priceChanged(now: Money)
    /// The charge failed.
    case refused(PaymentFailure)
    /// The price cannot be charged in its currency.
    case notChargeable
    /// The state of the payment does not allow the operation.
    case wrongState(Payment.Status)
    /// The intent of the payment is not known.
    case notRefundable
    /// A subscription is already open or active.
    case alreadySubscribed
    case badSignature
    case badEvent
}
