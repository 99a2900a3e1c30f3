internal import Contracts
internal import HTTP
internal import Messaging
internal import Observability
internal import Platform
internal import Postgres
internal import Stripe

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension StripeAmount {
    /// Stripe's zero-decimal currencies. Some currencies without decimals are not among them: Stripe expects hundredths.
    /// Source: https://docs.stripe.com/currencies#zero-decimal
    private static let wholeUnits: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
    ]

    /// The largest amount of a charge, in the smallest unit of its currency: eight digits, for the Indonesian rupiah twelve.
    /// Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
    private static func minorUnitsMax(_ currency: String) -> Int64 {
        currency == "IDR" ? 999_999_999_999 : 99_999_999
    }

    /// - Throws: ``PaymentError/notChargeable`` for an amount that is too large, or has too many decimals for its currency.
    init(_ money: Money) throws(PaymentError) {
        let code = money.currency.rawValue
        if Self.wholeUnits.contains(code) {
            guard money.hundredths % 100 == 0 else { throw .notChargeable }
            self.init(minorUnits: money.hundredths / 100, currency: code)
        } else {
            self.init(minorUnits: money.hundredths, currency: code)
        }
        guard minorUnits <= Self.minorUnitsMax(code) else { throw .notChargeable }
    }
}

extension StripePaymentIntent {
    /// Whether the hub's call continues it. At Stripe only the payer's browser authenticates; at the sandbox that call stands for it.
    func awaitsConfirmation(inSandbox: Bool) -> Bool {
        status == .requiresConfirmation || inSandbox && status == .requiresAction
    }
}

extension StripeError {
    /// Whether Stripe refused the request because of the payment method.
    /// Source: https://docs.stripe.com/error-codes
    fileprivate var concernsPaymentMethod: Bool {
        guard case .refused(let code, _, let parameter) = self else { return false }
        return code.hasPrefix("payment_method_")
            || code == "resource_missing" && parameter?.contains("payment_method") == true
    }
}

extension StripePlan {
    /// The plan at Stripe. A new price creates a new plan there: existing subscribers keep their price.
    init(_ offer: PlanOffer) throws(PaymentError) {
        let amount = try StripeAmount(offer.price)
        let id = "hub-\(offer.plan.rawValue)-\(offer.interval.rawValue)-\(amount.minorUnits)-\(amount.currency)"
        self.init(
            id: id.lowercased(), name: offer.plan.name, amount: amount,
            interval: offer.interval == .year ? .year : .month)
    }
}

/// A failed call to Stripe, with its failure class for tasks and its problem for requests.
struct StripeFailure: ClassifiedError, ProblemConvertible, CustomStringConvertible {
    let error: StripeError

    init(_ error: StripeError) { self.error = error }

    /// A wrong secret key must be fixed by the operator: tasks wait for that.
    var failureClass: FailureClass {
        switch error {
        case .unavailable, .busy, .unauthorized: .dependencyDown
        case .failed, .keyInUse: .transient
        case .declined, .refused: .permanent
        }
    }

    var failureName: String { failureClass.rawValue }

    var problem: Problem {
        switch error {
        case .unavailable, .unauthorized, .failed: .unavailable
        case .keyInUse: .tooBusy(retryAfterSeconds: 1)
        case .busy(let seconds): .tooBusy(retryAfterSeconds: seconds)
        case .declined, .refused: .internalError
        }
    }

    var description: String { "\(error)" }
}

extension Operations {
    /// The outcome of a first charge that Stripe has not accepted. An operator must look at a refusal for which the card is not the cause.
    /// - Throws: errors that leave the result unknown.
    func outcome(of error: StripeError, _ run: TaskRun) throws -> ChargeOutcome {
        let outcome = try ChargeOutcome(error)
        if case .failed(let failure, _) = outcome, failure == .unchargeable {
            logger.error("Stripe refused a charge", [.id: .text(run.key), .error: LogValue(error)])
        }
        return outcome
    }

    /// Runs a task that calls Stripe. A failure that concerns only this call is transient, so other tasks of the kind continue, but it is
    /// retried for as long as an outage: after some attempts the task rests and begins to count anew.
    func persisting(_ run: TaskRun, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let failure as StripeFailure
            where failure.failureClass == .transient && run.attempt >= limits.failuresInARowMax
        {
            logger.warning(
                "Stripe repeats a failure, the task is retried later", [.id: .text(run.key), .error: LogValue(failure)])
            try await database.transaction { tx in
                try await run.again(at: now() + limits.failuresRest / .seconds(1), on: tx)
            }
        }
    }
}

/// Runs calls to Stripe without specific error handling.
func askingStripe<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
    do {
        return try await body()
    } catch let error as StripeError {
        throw StripeFailure(error)
    }
}

/// The result of a charge.
enum ChargeOutcome: Sendable {
    case paid(stripeID: String)
    case asksCustomer(stripeID: String)
    case failed(PaymentFailure, stripeID: String?)
    /// A webhook will report it.
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
                .declined(failure?.declineCode ?? failure?.code ?? "card_declined", failure?.message ?? ""),
                stripeID: intent.id)
        }
    }

    /// - Throws: errors that leave the result unknown.
    init(_ error: StripeError) throws {
        switch error {
        case .declined(let code, let message, let intent): self = .failed(.declined(code, message), stripeID: intent)
        case .refused:
            self = .failed(error.concernsPaymentMethod ? .badPaymentMethod : .unchargeable, stripeID: nil)
        case .unavailable, .failed, .keyInUse, .busy, .unauthorized: throw StripeFailure(error)
        }
    }
}

extension PaymentFailure {
    /// Why the first invoice of a plan is not paid. A card that requires authentication for each charge cannot pay recurring charges.
    init(unpaid intent: StripePaymentIntent) {
        switch ChargeOutcome(intent) {
        case .asksCustomer:
            self = .declined("authentication_required", "The card requires authentication for each charge.")
        case .failed(let failure, _): self = failure
        case .paid, .open: self = .declined("card_declined", "")
        }
    }
}
