#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// An amount in the smallest unit of its currency, as Stripe expects it.
/// Source: https://docs.stripe.com/currencies#zero-decimal
public struct StripeAmount: Sendable, Hashable {
    public let minorUnits: Int64
    /// The ISO 4217 code in lower case.
    public let currency: String

    public init(minorUnits: Int64, currency: String) {
        self.minorUnits = minorUnits
        self.currency = currency.lowercased()
    }
}

/// One attempt to collect an amount.
public struct StripePaymentIntent: Decodable, Sendable, Hashable {
    public enum Status: String, Decodable, Sendable {
        case requiresPaymentMethod = "requires_payment_method"
        case requiresConfirmation = "requires_confirmation"
        case requiresAction = "requires_action"
        case requiresCapture = "requires_capture"
        case processing, succeeded, canceled
    }

    public struct Failure: Decodable, Sendable, Hashable {
        public let code: String?
        /// The reason of the bank; nil when it gave none.
        public let declineCode: String?
        public let message: String?
    }

    public let id: String
    public let status: Status
    public let amount: Int64
    public let currency: String
    public let metadata: [String: String]?
    /// The client secret with which a browser completes authentication; nil when it was not returned.
    public let clientSecret: String?
    public let lastPaymentError: Failure?
}

/// A refund.
public struct StripeRefund: Decodable, Sendable, Hashable {
    public let id: String
    /// `succeeded`, `pending`, `failed` and others.
    public let status: String?
}

/// A subscription.
public struct StripeSubscription: Decodable, Sendable, Hashable {
    public let id: String
    /// `active`, `incomplete`, `past_due`, `canceled` and others.
    public let status: String
    public let currentPeriodEnd: Date
    public let metadata: [String: String]?
    /// The intent that charges the latest invoice; nil if the invoice needs none.
    public let paymentIntent: String?
    /// The status of the latest invoice: `paid`, `open`, `draft` and others. nil if Stripe returned only its id.
    public let invoiceStatus: String?

    private enum CodingKeys: CodingKey { case id, status, currentPeriodEnd, metadata, items, latestInvoice }
    private enum ListKeys: CodingKey { case data }
    private struct Item: Decodable { let currentPeriodEnd: Double? }
    private struct Invoice: Decodable { let paymentIntent, status: String? }

    /// Newer API versions return the period per item instead of per subscription. An invoice that is not expanded is only an id.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        status = try fields.decode(String.self, forKey: .status)
        metadata = try fields.decodeIfPresent([String: String].self, forKey: .metadata)
        let invoice = try? fields.decodeIfPresent(Invoice.self, forKey: .latestInvoice)
        paymentIntent = invoice?.paymentIntent
        invoiceStatus = invoice?.status
        if let end = try fields.decodeIfPresent(Double.self, forKey: .currentPeriodEnd) {
            currentPeriodEnd = Date(timeIntervalSince1970: end)
        } else {
            let items = try fields.nestedContainer(keyedBy: ListKeys.self, forKey: .items)
            let end = try items.decode([Item].self, forKey: .data).compactMap(\.currentPeriodEnd).max()
            guard let end else {
                throw DecodingError.dataCorruptedError(
                    forKey: .items, in: fields, debugDescription: "a subscription without a period")
            }
            currentPeriodEnd = Date(timeIntervalSince1970: end)
        }
    }
}

/// The amount of a plan and its billing interval.
public struct StripePlan: Sendable, Hashable {
    public enum Interval: String, Sendable { case month, year }

    /// The plan's id at Stripe. It contains amount and interval, so that another price is another plan.
    public let id: String
    public let name: String
    public let amount: StripeAmount
    public let interval: Interval

    public init(id: String, name: String, amount: StripeAmount, interval: Interval) {
        self.id = id
        self.name = name
        self.amount = amount
        self.interval = interval
    }
}
