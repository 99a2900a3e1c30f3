/// Stripe's test cards, by payment method id or number, and the result of a charge.
/// Source: https://docs.stripe.com/testing
enum TestCard: Sendable, Equatable {
    case succeeds
    case declined(Decline)
    /// A customer may have it, and each charge is declined.
    case declinesCharges(Decline)
    /// Requires authentication by the customer's bank; afterwards it behaves like the other card.
    indirect case asksFirst(TestCard)

    struct Decline: Sendable, Equatable {
        let code: String
        let declineCode: String?
        let message: String

        static let generic = Decline(
            code: "card_declined", declineCode: "generic_decline", message: "Your card was declined.")
        static let insufficientFunds = Decline(
            code: "card_declined", declineCode: "insufficient_funds", message: "Your card has insufficient funds.")
        static let lostCard = Decline(
            code: "card_declined", declineCode: "lost_card", message: "Your card was declined.")
        static let expired = Decline(
            code: "expired_card", declineCode: nil, message: "Your card has expired.")
        static let incorrectCVC = Decline(
            code: "incorrect_cvc", declineCode: nil, message: "Your card's security code is incorrect.")
        static let processingError = Decline(
            code: "processing_error", declineCode: nil,
            message: "An error occurred while processing your card. Try again in a little bit.")
    }

    /// nil when it is not a test card.
    init?(_ paymentMethod: String) {
        guard let card = Self.all[paymentMethod] else { return nil }
        self = card
    }

    private static let all: [String: TestCard] = [
        "pm_card_visa": .succeeds, "4242424242424242": .succeeds, "pm_card_mastercard": .succeeds,
        "5555555555554444": .succeeds, "pm_card_amex": .succeeds, "378282246310005": .succeeds,
        "pm_card_chargeDeclined": .declined(.generic), "pm_card_visa_chargeDeclined": .declined(.generic),
        "4000000000000002": .declined(.generic),
        "pm_card_chargeDeclinedInsufficientFunds": .declined(.insufficientFunds),
        "pm_card_visa_chargeDeclinedInsufficientFunds": .declined(.insufficientFunds),
        "4000000000009995": .declined(.insufficientFunds),
        "pm_card_chargeDeclinedLostCard": .declined(.lostCard), "4000000000009987": .declined(.lostCard),
        "pm_card_chargeDeclinedExpiredCard": .declined(.expired), "4000000000000069": .declined(.expired),
        "pm_card_chargeDeclinedIncorrectCvc": .declined(.incorrectCVC), "4000000000000127": .declined(.incorrectCVC),
        "pm_card_chargeDeclinedProcessingError": .declined(.processingError),
        "4000000000000119": .declined(.processingError),
        "pm_card_chargeCustomerFail": .declinesCharges(.generic), "4000000000000341": .declinesCharges(.generic),
        "pm_card_authenticationRequired": .asksFirst(.succeeds), "4000002500003155": .asksFirst(.succeeds),
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds":
            .asksFirst(.declined(.insufficientFunds)),
        "4000008260003178": .asksFirst(.declined(.insufficientFunds)),
    ]
}
