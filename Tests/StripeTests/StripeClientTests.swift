import EventLoop
import Foundation
import HTTP
import HubTesting
import Stripe
import Testing

/// The driver with a third-party imitation of Stripe.
@Suite struct StripeClientTests {
    private func with(_ body: (StripeClient) async throws -> Void) async throws {
        let server = try await LocalStripe()
        let http = HTTPClient(loops: TestLoops.shared)
        do {
            try await body(StripeClient(http, base: server.base, secretKey: "sk_test_12345"))
        } catch {
            await server.stop()
            throw error
        }
        await http.close()
        await server.stop()
    }

    private let price = StripeAmount(minorUnits: 4_999, currency: "USD")

    @Test func `a card is charged, found again and refunded`() async throws {
        try await with { stripe in
            let paid = try await stripe.charge(
                price, to: "pm_card_visa", metadata: ["paymentId": "pay_1"], key: "pay_1")
            #expect(paid.status == .succeeded && paid.amount == 4_999 && paid.currency == "usd")
            #expect(paid.metadata == ["paymentId": "pay_1"])
            #expect(try await stripe.paymentIntent(paid.id).status == .succeeded)
            #expect(try await stripe.refund(paid.id, key: "pay_1.refund").status == "succeeded")
        }
    }

    @Test func `a missing object and an unknown outcome differ from a failure`() async throws {
        try await with { stripe in
            await #expect {
                try await stripe.paymentIntent("pi_unknown")
            } throws: { error in
                if case StripeError.refused(code: "resource_missing", _, _) = error { true } else { false }
            }
            await #expect {
                try await stripe.charge(price, to: "pm_unknown", metadata: [:], key: "k")
            } throws: { error in
                if case StripeError.refused = error { true } else { false }
            }
        }
    }

    @Test func `a plan is created once and subscribed to`() async throws {
        try await with { stripe in
            let plan = StripePlan(id: "hub-pro-month-1900-usd", name: "Pro", amount: price, interval: .month)
            for _ in 0..<2 { try await stripe.ensure(plan) }
            let customer = try await stripe.customer(paying: "pm_card_visa", metadata: ["a": "b"], key: "c")
            let subscription = try await stripe.subscribe(
                customer, to: plan, metadata: ["subscriptionId": "sub_1"], key: "s")
            #expect(subscription.status == "active" && subscription.currentPeriodEnd > Date())
            #expect(try await stripe.subscription(subscription.id).metadata == ["subscriptionId": "sub_1"])
            let intent = try #require(subscription.paymentIntent)
            #expect(try await stripe.subscription(subscription.id).paymentIntent == intent)
            #expect(try await stripe.refund(intent, key: "s.refund").status == "succeeded")
            try await stripe.endSubscription(subscription.id)
        }
    }

    static let failures: [(Int, String, StripeError)] = [
        (500, "{\"error\":{\"type\":\"api_error\"}}", .failed(code: "api_error")),
        (500, "", .unavailable("status 500")),
        (503, "{\"error\":{\"type\":\"api_error\"}}", .unavailable("status 503")),
        (409, "{\"error\":{\"type\":\"idempotency_error\"}}", .keyInUse),
        (429, "{\"error\":{\"type\":\"invalid_request_error\"}}", .busy(retryAfterSeconds: 1)),
        (
            400, "{\"error\":{\"code\":\"resource_missing\",\"param\":\"payment_method\",\"message\":\"No.\"}}",
            .refused(code: "resource_missing", message: "No.", parameter: "payment_method")
        ),
    ]

    @Test(arguments: failures)
    func `a failure of one request differs from an outage`(status: Int, body: String, error: StripeError) async throws {
        var router = Router()
        router.add(.get, "/v1/payment_intents/{id}") { _ in .json(HTTPStatus(status), Array(body.utf8)) }
        let server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: router)
        let port = try await server.start()
        let http = HTTPClient(loops: TestLoops.shared)
        await #expect(throws: error) {
            try await StripeClient(http, base: "http://127.0.0.1:\(port)", secretKey: "sk_test_1").paymentIntent("pi_1")
        }
        await http.close()
        await server.drain(within: .zero)
    }

    @Test(arguments: [
        #""subscription":"sub_1""#, #""subscription":null,"parent":{"subscription_details":{"subscription":"sub_1"}}"#,
    ])
    func `an event of an invoice has its subscription, in each version of the API`(field: String) throws {
        let text = #"{"id":"evt_1","type":"invoice.paid","created":1,"data":{"object":{"id":"in_1",\#(field)}}}"#
        #expect(try #require(StripeEvent(json: Array(text.utf8))).subscriptionID == "sub_1")
    }

    @Test func `an invoice that is only an id has no status`() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let invoices: [(String, String?)] = [
            ("\"in_1\"", nil), ("{\"status\":\"draft\",\"payment_intent\":null}", "draft"),
        ]
        for (invoice, status) in invoices {
            let text = "{\"id\":\"sub_1\",\"status\":\"active\",\"current_period_end\":5,\"latest_invoice\":\(invoice)}"
            let subscription = try decoder.decode(StripeSubscription.self, from: Data(text.utf8))
            #expect(subscription.invoiceStatus == status && subscription.paymentIntent == nil)
        }
    }

    @Test func `a wrong key differs from an unreachable server`() async throws {
        let server = try await LocalStripe()
        let http = HTTPClient(loops: TestLoops.shared)
        await #expect(throws: StripeError.unauthorized) {
            try await StripeClient(http, base: server.base, secretKey: "").paymentIntent("pi_1")
        }
        await server.stop()
        await #expect {
            try await StripeClient(http, base: server.base, secretKey: "sk_test_1").paymentIntent("pi_1")
        } throws: { error in
            if case StripeError.unavailable = error { true } else { false }
        }
        await http.close()
    }
}

@Suite struct StripeSignatureTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let body = Array("{\"id\":\"evt_1\"}".utf8)

    /// Computed with `openssl dgst -sha256 -hmac` over `1800000000.{"id":"evt_1"}`.
    @Test func `a signature is the HMAC of time and body`() throws {
        let signature = try #require(StripeSignature(secret: "whsec_test_secret"))
        #expect(
            signature.sign(body, at: now)
                == "t=1800000000,v1=8a6563dbee1eccda632491deb091d19e764aadddcd0ace8d9516599526831c89")
    }

    @Test func `one of several signatures must match the body, within the tolerance`() throws {
        let signature = try #require(StripeSignature(secret: "whsec_test_secret"))
        let field = signature.sign(body, at: now)
        #expect(signature.isValid(field, for: body, at: now))
        #expect(signature.isValid(field + ",v1=00ff,v0=aa", for: body, at: now.addingTimeInterval(300)))
        #expect(!signature.isValid(field, for: body + [10], at: now))
        #expect(!signature.isValid(field, for: body, at: now.addingTimeInterval(301)))
        #expect(!signature.isValid(field, for: body, at: now.addingTimeInterval(-301)))
        for broken in [
            "", "t", "t=,v1=", "v1=00", "t=1800000000", "t=1800000000,v1=0", "t=1e9,v1=00",
            "t=99999999999999999999,v1=00",
        ] {
            #expect(!signature.isValid(broken, for: body, at: now), "\(broken)")
        }
        #expect(StripeSignature(secret: "short") == nil)
    }

    @Test func `a body that is not an event is refused`() {
        for text in ["", "[]", "{}", "{\"id\":1}", "{\"id\":\"evt_1\",\"type\":\"a\",\"created\":1}"] {
            #expect(StripeEvent(json: Array(text.utf8)) == nil, "\(text)")
        }
        let event = StripeEvent(
            json: Array(
                "{\"id\":\"evt_1\",\"type\":\"a.b\",\"created\":5,\"data\":{\"object\":{\"id\":\"pi_1\",\"metadata\":{\"x\":\"y\"}}}}"
                    .utf8))
        #expect(event?.objectID == "pi_1" && event?.metadata == ["x": "y"] && event?.type == "a.b")
    }
}
