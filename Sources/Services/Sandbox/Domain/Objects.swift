#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A payment intent in Stripe's format.
struct Intent: Codable, Sendable {
    struct Failure: Codable, Sendable {
        var code: String
        var declineCode: String?
        var message: String
    }

    var id: String
    var object = "payment_intent"
    var amount: Int64
    var currency: String
    var status: String
    var paymentMethod: String
    var latestCharge: String?
    var clientSecret: String
    var metadata: [String: String]
    var lastPaymentError: Failure?
    var amountRefunded: Int64 = 0
    var created: Int64

    /// The result of charging its card.
    mutating func charge(_ card: TestCard, chargeID: String) {
        switch card {
        case .succeeds:
            status = "succeeded"
            latestCharge = chargeID
            lastPaymentError = nil
        case .asksFirst: status = "requires_action"
        case .declined(let decline), .declinesCharges(let decline):
            status = "requires_payment_method"
            lastPaymentError = Failure(
                code: decline.code, declineCode: decline.declineCode, message: decline.message)
        }
    }

    /// The event type for its current state.
    var eventType: String {
        switch status {
        case "succeeded": "payment_intent.succeeded"
        case "requires_action": "payment_intent.requires_action"
        case "canceled": "payment_intent.canceled"
        default: "payment_intent.payment_failed"
        }
    }
}

struct Refund: Codable, Sendable {
    var id: String
    var object = "refund"
    var amount: Int64
    var currency: String
    var paymentIntent: String
    var status = "succeeded"
    var metadata: [String: String]
    var created: Int64
}

struct Customer: Codable, Sendable {
    var id: String
    var object = "customer"
    var paymentMethod: String
    var metadata: [String: String]
    var created: Int64
}

struct Plan: Codable, Sendable {
    var id: String
    var object = "plan"
    var amount: Int64
    var currency: String
    var interval: String
    var product: String
    var created: Int64
}

struct Invoice: Codable, Sendable {
    var id: String
    var object = "invoice"
    var paymentIntent: String
    /// An invoice of an earlier release has none.
    var status: String?
}

struct Subscription: Codable, Sendable {
    var id: String
    var object = "subscription"
    var customer: String
    var plan: Plan
    var status: String
    var metadata: [String: String]
    var currentPeriodStart: Int64
    var currentPeriodEnd: Int64
    /// Always expanded. A subscription of an earlier release has none.
    var latestInvoice: Invoice?
    var created: Int64
}

/// A webhook event.
struct Event<Object: Encodable>: Encodable {
    struct Payload: Encodable { let object: Object }
    let id: String
    let object = "event"
    let type: String
    let created: Int64
    let data: Payload
}
