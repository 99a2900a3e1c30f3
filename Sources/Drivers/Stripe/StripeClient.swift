#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
public import HTTP

/// The part of Stripe's REST API that the hub needs.
///
/// Every write carries an idempotency key. Stripe returns the first response for a repeated key, so a call whose response was lost can be
/// retried for 24 hours.
/// Source: https://docs.stripe.com/api/idempotent_requests
public struct StripeClient: Sendable {
    /// Sent with each request, because an account has a default version of its own. From 2025-03-31 on, an invoice has no
    /// `payment_intent`.
    /// Source: https://docs.stripe.com/api/versioning
    private static let version = "2024-06-20"
    private static let answerBytesMax = 1024 * 1024
    private static let busySecondsMax = 60

    private let http: HTTPClient
    private let base: String
    private let secretKey: String
    private let timeout: Duration

    /// - Parameters:
    ///   - base: without a slash at the end, `https://api.stripe.com`.
    ///   - timeout: per call.
    public init(_ http: HTTPClient, base: String, secretKey: String, timeout: Duration = .seconds(20)) {
        self.http = http
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.secretKey = secretKey
        self.timeout = timeout
    }

    // MARK: Payments

    /// Charges a payment method once.
    /// - Parameter metadata: Stripe includes it in every event of the intent.
    /// - Throws: ``StripeError``; `CancellationError`.
    public func charge(
        _ amount: StripeAmount, to paymentMethod: String, metadata: [String: String], key: String
    ) async throws -> StripePaymentIntent {
        var form: StripeForm = [
            "amount": String(amount.minorUnits), "currency": amount.currency, "payment_method": paymentMethod,
            "payment_method_types[0]": "card", "confirm": "true",
        ]
        form.add(metadata: metadata)
        return try await call(.post, "/v1/payment_intents", form, key: key)
    }

    public func paymentIntent(_ id: String) async throws -> StripePaymentIntent {
        try await call(.get, "/v1/payment_intents/\(PercentEncoding.encode(id))")
    }

    /// Confirms an intent after the customer has completed an authentication step.
    public func confirm(_ id: String, key: String) async throws -> StripePaymentIntent {
        try await call(.post, "/v1/payment_intents/\(PercentEncoding.encode(id))/confirm", [:], key: key)
    }

    /// Cancels an unpaid intent; it can no longer be charged.
    public func cancel(_ id: String, key: String) async throws -> StripePaymentIntent {
        try await call(.post, "/v1/payment_intents/\(PercentEncoding.encode(id))/cancel", [:], key: key)
    }

    /// Refunds the whole amount.
    public func refund(_ paymentIntent: String, key: String) async throws -> StripeRefund {
        try await call(.post, "/v1/refunds", ["payment_intent": paymentIntent], key: key)
    }

    // MARK: Subscriptions

    /// Creates a plan unless it exists.
    public func ensure(_ plan: StripePlan) async throws {
        do {
            let _: Named = try await call(.get, "/v1/plans/\(PercentEncoding.encode(plan.id))")
        } catch StripeError.refused(let code, _, _) where code == "resource_missing" {
            do {
                let _: Named = try await call(
                    .post, "/v1/plans",
                    [
                        "id": plan.id, "amount": String(plan.amount.minorUnits), "currency": plan.amount.currency,
                        "interval": plan.interval.rawValue, "product[name]": plan.name,
                    ], key: "plan.\(plan.id)")
            } catch StripeError.refused(let code, _, _) where code == "resource_already_exists" {
                // Another process created it first.
            }
        }
    }

    /// - Returns: the id of a new customer whose default payment method is the given one.
    public func customer(paying paymentMethod: String, metadata: [String: String], key: String) async throws -> String {
        var form: StripeForm = [
            "payment_method": paymentMethod, "invoice_settings[default_payment_method]": paymentMethod,
        ]
        form.add(metadata: metadata)
        let made: Named = try await call(.post, "/v1/customers", form, key: key)
        return made.id
    }

    /// Creates a subscription and charges its first period.
    public func subscribe(
        _ customer: String, to plan: StripePlan, metadata: [String: String], key: String
    ) async throws -> StripeSubscription {
        var form: StripeForm = ["customer": customer, "items[0][plan]": plan.id, "expand[]": "latest_invoice"]
        form.add(metadata: metadata)
        return try await call(.post, "/v1/subscriptions", form, key: key)
    }

    /// With the intent of its latest invoice.
    public func subscription(_ id: String) async throws -> StripeSubscription {
        try await call(.get, "/v1/subscriptions/\(PercentEncoding.encode(id))?expand%5B%5D=latest_invoice")
    }

    /// Cancels a subscription at once.
    public func endSubscription(_ id: String) async throws {
        let _: Named = try await call(.delete, "/v1/subscriptions/\(PercentEncoding.encode(id))")
    }

    // MARK: Calls

    private struct Named: Decodable { let id: String }

    private func call<Answer: Decodable>(
        _ method: HTTPMethod, _ path: String, _ form: StripeForm? = nil, key: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(method, base + path)
        request.fields["authorization"] = "Bearer \(secretKey)"
        request.fields["stripe-version"] = Self.version
        request.fields["idempotency-key"] = key
        if let form {
            request.fields["content-type"] = "application/x-www-form-urlencoded"
            request.body = .text(form.text)
        }
        let (response, bytes) = try await exchange(request)
        guard response.status.code < 300 else { throw Self.error(response, bytes) }
        do {
            return try Self.decoder.decode(Answer.self, from: Data(bytes))
        } catch {
            throw StripeError.unavailable("unexpected response format")
        }
    }

    private func exchange(_ request: HTTPClientRequest) async throws -> (HTTPClientResponse, [UInt8]) {
        do {
            let response = try await http.send(request, timeout: timeout)
            return (response, try await response.body.collect(bytesMax: Self.answerBytesMax))
        } catch HTTPClientError.cancelled, HTTPBodyError.cancelled {
            throw CancellationError()
        } catch HTTPClientError.busy {
            throw StripeError.busy(retryAfterSeconds: 1)
        } catch {
            throw StripeError.unavailable("\(error)")
        }
    }

    /// Source: https://docs.stripe.com/api/errors
    private static func error(_ response: HTTPClientResponse, _ bytes: [UInt8]) -> StripeError {
        struct Answer: Decodable {
            struct Fault: Decodable {
                struct Intent: Decodable { let id: String }
                let type, code, declineCode, message, param: String?
                let paymentIntent: Intent?
            }
            let error: Fault
        }
        let fault = (try? decoder.decode(Answer.self, from: Data(bytes)))?.error
        let message = fault?.message ?? ""
        switch response.status.code {
        case 401, 403: return .unauthorized
        case 402:
            return .declined(
                code: fault?.declineCode ?? fault?.code ?? "card_declined", message: message,
                intent: fault?.paymentIntent?.id)
        case 404:
            return .refused(code: fault?.code ?? "resource_missing", message: message, parameter: fault?.param)
        case 409: return .keyInUse
        case 429:
            let seconds = response.fields["retry-after"].flatMap { Int($0) } ?? 1
            return .busy(retryAfterSeconds: min(max(1, seconds), busySecondsMax))
        case 400..<500:
            return .refused(
                code: fault?.code ?? fault?.type ?? "invalid_request", message: message, parameter: fault?.param)
        // Stripe stores the result of a request that it has begun, even this one. Proxies in front of it send no error of Stripe.
        // Source: https://docs.stripe.com/api/idempotent_requests
        case 500 where fault != nil: return .failed(code: fault?.code ?? fault?.type ?? "api_error")
        default: return .unavailable("status \(response.status.code)")
        }
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}
