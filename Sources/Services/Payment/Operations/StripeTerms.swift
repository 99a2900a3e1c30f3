internal import Contracts
internal import Messaging
internal import Stripe

extension StripeAmount {
    /// Currencies without a smaller unit, as Stripe takes them: it wants hundredths of some that have none any more.
    /// Source: https://docs.stripe.com/currencies#zero-decimal
    private static let wholeUnits: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
    ]

    /// - Throws: ``PaymentError/notChargeable`` for an amount that its currency has no coins for.
    init(_ money: Money) throws(PaymentError) {
        let code = money.currency.rawValue
        if Self.wholeUnits.contains(code) {
            guard money.hundredths % 100 == 0 else { throw .notChargeable }
            self.init(minorUnits: money.hundredths / 100, currency: code)
        } else {
            self.init(minorUnits: money.hundredths, currency: code)
        }
    }
}

extension StripePlan {
    /// As Stripe is to know it. A new price is a new plan there: who subscribed before keeps theirs.
    init(_ offer: PlanOffer) throws(PaymentError) {
        let amount = try StripeAmount(offer.price)
        let id = "hub-\(offer.plan.rawValue)-\(offer.interval.rawValue)-\(amount.minorUnits)-\(amount.currency)"
        self.init(
            id: id.lowercased(), name: offer.plan.name, amount: amount,
            interval: offer.interval == .year ? .year : .month)
    }
}

extension Failure {
    /// What a failure of Stripe's means for durable work. A wrong secret key is the operator's to mend: work waits for that.
    init(_ error: StripeError) {
        switch error {
        case .unavailable, .busy, .unauthorized: self = .dependencyDown("\(error)")
        case .declined, .refused: self = .permanent("\(error)")
        }
    }
}

/// Runs calls to Stripe whose refusals mean nothing in particular.
func askingStripe<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
    do {
        return try await body()
    } catch let error as StripeError {
        throw Failure(error)
    }
}

/// How a charge came out.
enum ChargeOutcome: Sendable {
    case paid(stripeID: String)
    case asksCustomer(stripeID: String)
    case failed(PaymentFailure, stripeID: String?)
    /// It will be told later.
    case open(stripeID: String)

    init(_ intent: StripePaymentIntent) {
        switch intent.status {
        case .succeeded: self = .paid(stripeID: intent.id)
        case .requiresAction: self = .asksCustomer(stripeID: intent.id)
        case .processing, .requiresCapture, .requiresConfirmation: self = .open(stripeID: intent.id)
        case .canceled: self = .failed(.abandoned, stripeID: intent.id)
        case .requiresPaymentMethod:
            let failure = intent.lastPaymentError
            self = .failed(
                .declined(failure?.code ?? "card_declined", failure?.message ?? ""), stripeID: intent.id)
        }
    }

    /// - Throws: what does not tell how it came out.
    init(_ error: StripeError) throws {
        switch error {
        case .declined(let code, let message, let intent): self = .failed(.declined(code, message), stripeID: intent)
        case .refused: self = .failed(.badPaymentMethod, stripeID: nil)
        case .unavailable, .busy, .unauthorized: throw Failure(error)
        }
    }
}
