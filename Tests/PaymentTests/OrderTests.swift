import Contracts
import Foundation
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Stripe
import Synchronization
import Testing

@testable import Payment
@testable import Sandbox

@Suite struct OrderTests {
    @Test func `a paid course is charged once, and both events are published`() async throws {
        try await PaymentWorld.with { world in
            let answer = try await world.order()
            #expect(answer.status == 202 && answer["status"] == "COMPLETED")
            let id = try #require(answer["paymentId"])
            #expect(answer.fields["location"] == "/payments/\(id)")
            let intents = try await world.intents()
            #expect(intents.count == 1)
            #expect(intents.first?.amount == 4_999 && intents.first?.currency == "usd")
            #expect(try await world.payments.published(PaymentInitiated.self).map(\.data.paymentID.rawValue) == [id])
            let completed = try #require(try await world.payments.published(PaymentCompleted.self).first)
            #expect(completed.data.paymentID.rawValue == id && completed.data.courseID == PaymentWorld.course)
            #expect(completed.data.amount.description == "49.99 USD")
            #expect(completed.data.stripePaymentID == intents.first?.id)
        }
    }

    @Test func `only the person and administrators see a payment and its steps`() async throws {
        try await PaymentWorld.with { world in
            let id = try await world.order()["paymentId"]
            let mine = try await world.payment(id)
            #expect(mine.status == 200 && mine["status"] == "COMPLETED" && mine["amount"] == "49.99")
            let steps = (mine.object["steps"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
            #expect(steps == ["initiated", "reserved", "completed"])
            #expect(mine["enrollmentId"] == nil)
            #expect(try await world.payment(id, as: PaymentWorld.other).code == "not-found")
            #expect(try await world.payment("pay_unknown").code == "not-found")
            #expect(try await world.payment(id, as: PaymentWorld.administrator).status == 200)
            #expect(try await world.payments.send(.get, "/payments", as: PaymentWorld.learner).items.count == 1)
            #expect(try await world.payments.send(.get, "/payments", as: PaymentWorld.other).items.isEmpty)
        }
    }

    @Test func `the same key is the same payment, another body under it is refused`() async throws {
        try await PaymentWorld.with { world in
            let first = try await world.order(key: "k1")
            world.neighbours.state.withLock { $0.price = "99.00" }
            let second = try await world.order(key: "k1")
            #expect(second.status == 202 && second["paymentId"] == first["paymentId"])
            #expect(second.fields["idempotent-replayed"] == "true")
            #expect(try await world.intents().count == 1)
            #expect(try await world.order("pm_card_amex", key: "k1").code == "idempotency-key-reused")
        }
    }

    @Test func `two orders at once with different keys are one charge`() async throws {
        try await PaymentWorld.with { world in
            async let one = world.order(key: "a")
            async let other = world.order(key: "b")
            let answers = try await [one, other]
            #expect(answers.map(\.status).sorted() == [202, 409])
            #expect(answers.first { $0.status == 409 }?.code == "already-enrolled")
            #expect(try await world.intents().count == 1)
        }
    }

    @Test func `an enrolled learner is refused before any charge`() async throws {
        try await PaymentWorld.with { world in
            world.neighbours.state.withLock { $0.isEnrolled = true }
            let answer = try await world.order()
            #expect(answer.status == 409 && answer.code == "already-enrolled")
            #expect(try await world.intents().isEmpty)
            #expect(try await world.payments.published(PaymentInitiated.self).isEmpty)
            #expect(try await world.payments.published(PaymentFailed.self).isEmpty)
        }
    }

    @Test func `a payment without a place fails, and nothing is charged`() async throws {
        try await PaymentWorld.with { world in
            world.neighbours.state.withLock { $0.isErased = true }
            let answer = try await world.order()
            #expect(answer.status == 409)
            #expect(try await world.intents().isEmpty)
            #expect(try await world.payments.count("select count(*) from payment where status = 'FAILED'") == 1)
        }
    }

    @Test func `a declined card has its reason, and the place is released`() async throws {
        try await PaymentWorld.with { world in
            let answer = try await world.order("pm_card_chargeDeclinedInsufficientFunds", key: "k")
            #expect(answer.status == 402 && answer.code == "card-declined")
            #expect(answer["detail"]?.contains("insufficient_funds") == true)
            let failed = try #require(try await world.payments.published(PaymentFailed.self).first)
            #expect(failed.data.code == "insufficient_funds" && failed.data.retryable)
            let id = failed.data.paymentID.rawValue
            try await eventually { world.neighbours.state.withLock { $0.released } == [id] }
            #expect(try await world.order("pm_card_chargeDeclinedInsufficientFunds", key: "k").status == 402)
            #expect(try await world.payment(id)["status"] == "FAILED")
            #expect(try await world.order("pm_card_visa").status == 202)
        }
    }

    @Test(arguments: [
        ("pm_unknown", "bad-payment-method", 422), (nil, "payment-method-required", 422),
    ])
    func `an invalid payment method is refused`(method: String?, code: String, status: Int) async throws {
        try await PaymentWorld.with { world in
            let answer = try await world.order(method)
            #expect(answer.code == code && answer.status == status && answer.complaints == ["paymentMethod"])
        }
    }

    @Test func `a charge that Stripe refuses for another reason than the card is reported as such`() async throws {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.failures = 1
                behaviour.failureStatus = 400
            }
            let answer = try await world.order()
            #expect(answer.status == 409 && answer.code == "cannot-be-charged")
            let failed = try #require(try await world.payments.published(PaymentFailed.self).first)
            #expect(failed.data.code == "cannot-be-charged" && !failed.data.retryable)
            let logged = world.payments.log.lines.filter { $0.contains("Stripe refused a charge") }
            #expect(logged.count == 1 && logged.first?.contains("asked_for") == true)
        }
    }

    @Test func `an amount that is too large for Stripe is refused before any charge`() async throws {
        try await PaymentWorld.with { world in
            world.neighbours.state.withLock { $0.price = "1000000.00" }
            let answer = try await world.order()
            #expect(answer.status == 409 && answer.code == "not-chargeable")
            #expect(try await world.payments.count("select count(*) from payment") == 0)
            world.neighbours.state.withLock { $0.price = "999999.99" }
            #expect(try await world.order().status == 202)
        }
    }

    /// One rupiah is a small amount.
    @Test func `an amount of twelve digits is chargeable only in Indonesian rupiah`() throws {
        let rupiah = try #require(Currency(rawValue: "IDR"))
        let amount = try StripeAmount(try #require(Money("1500000.00", rupiah)))
        #expect(amount.minorUnits == 150_000_000)
        #expect(throws: PaymentError.notChargeable) { try StripeAmount(try #require(Money("1500000.00", .eur))) }
    }

    @Test func `another price than the agreed one is refused, and drafts are not sold`() async throws {
        try await PaymentWorld.with { world in
            let other = try await world.order(expectedPrice: "39.99 USD")
            #expect(other.code == "price-changed")
            #expect(try await world.order(expectedPrice: "49.99 EUR").code == "price-changed")
            #expect(try await world.order(expectedPrice: "cheap").complaints == ["expectedPrice"])
            #expect(try await world.order(expectedPrice: "49.99 USD").status == 202)
            world.neighbours.state.withLock { $0.status = "DRAFT" }
            #expect(try await world.order().code == "course-not-found")
        }
    }

    @Test func `amounts of currencies without a smaller unit are charged in whole units`() async throws {
        try await PaymentWorld.with { world in
            world.neighbours.state.withLock { state in
                state.price = "5000.00"
                state.currency = "JPY"
            }
            let answer = try await world.order()
            #expect(answer.status == 202)
            #expect(try await world.intents().first?.amount == 5_000)
        }
    }

    @Test func `a free course enrols at once, and the same key finds the same enrolment`() async throws {
        try await PaymentWorld.with { world in
            world.neighbours.state.withLock { $0.price = "0.00" }
            let first = try await world.order(nil, key: "k")
            #expect(first.status == 201 && first["status"] == "ACTIVE")
            let again = try await world.order(nil, key: "k")
            #expect(again.status == 201 && again["enrollmentId"] == first["enrollmentId"])
            #expect(try await world.order(nil, key: "other").code == "already-enrolled")
            #expect(world.neighbours.state.withLock { $0.sources } == ["FREE"])
            #expect(try await world.intents().isEmpty)
        }
    }

    @Test func `an order requires a login`() async throws {
        try await PaymentWorld.with { world in
            let answer = try await world.order(as: .anonymous)
            #expect(answer.code == "not-logged-in")
            #expect(
                try await world.payments.send(.get, "/payments/stuck", as: PaymentWorld.learner).code == "not-allowed")
        }
    }

    // MARK: 3-D Secure

    @Test func `a card with 3-D Secure is paid after the confirmation`() async throws {
        try await PaymentWorld.with { world in
            let answer = try await world.order("pm_card_authenticationRequired")
            #expect(answer.status == 202 && answer["status"] == "REQUIRES_ACTION")
            let id = try #require(answer["paymentId"])
            #expect(try await world.payments.published(PaymentCompleted.self).isEmpty)
            let foreign = try await world.payments.send(.post, "/payments/\(id)/confirm", as: PaymentWorld.other)
            #expect(foreign.code == "not-found")
            for _ in 0..<2 {
                let confirmed = try await world.payments.send(
                    .post, "/payments/\(id)/confirm", as: PaymentWorld.learner)
                #expect(confirmed.status == 200 && confirmed["status"] == "COMPLETED")
            }
            try await world.settled()
            #expect(try await world.payments.published(PaymentCompleted.self).count == 1)
        }
    }

    @Test func `only the payer gets the secret that completes the authentication, while it is required`() async throws {
        try await PaymentWorld.with { world in
            let answer = try await world.order("pm_card_authenticationRequired")
            let id = try #require(answer["paymentId"])
            let secret = try #require(try await world.intents().first).clientSecret
            #expect(answer["clientSecret"] == secret)
            #expect(try await world.payment(id)["clientSecret"] == secret)
            #expect(try await world.payment(id, as: PaymentWorld.administrator)["clientSecret"] == nil)
            try await world.settled()
            let address = world.directory[.sandbox]
            world.directory[.sandbox] = nil
            let without = try await world.payment(id)
            #expect(without["status"] == "REQUIRES_ACTION" && without["clientSecret"] == nil)
            world.directory[.sandbox] = address
            _ = try await world.payments.send(.post, "/payments/\(id)/confirm", as: PaymentWorld.learner)
            let paid = try await world.payment(id)
            #expect(paid["status"] == "COMPLETED" && paid["clientSecret"] == nil)
        }
    }

    @Test(arguments: [
        ("requires_action", false, true), ("requires_confirmation", true, true),
        ("requires_payment_method", false, false),
        ("processing", false, false), ("succeeded", false, false),
    ])
    func `the browser authenticates at Stripe, the confirmation at the sandbox`(
        status: String, atStripe: Bool, atSandbox: Bool
    ) throws {
        let text = "{\"id\":\"pi_1\",\"status\":\"\(status)\",\"amount\":1,\"currency\":\"usd\"}"
        let intent = try JSONDecoder().decode(StripePaymentIntent.self, from: Data(text.utf8))
        #expect(intent.awaitsConfirmation(inSandbox: false) == atStripe)
        #expect(intent.awaitsConfirmation(inSandbox: true) == atSandbox)
    }

    @Test(arguments: [(503, "unavailable"), (429, "too-busy")])
    func `a confirmation can be repeated later if Stripe fails`(status: Int, code: String) async throws {
        try await PaymentWorld.with { world in
            let id = try #require(try await world.order("pm_card_authenticationRequired")["paymentId"])
            world.behave { behaviour in
                behaviour.failures = 1
                behaviour.failureStatus = status
            }
            let path = "/payments/\(id)/confirm"
            let failed = try await world.payments.send(.post, path, as: PaymentWorld.learner)
            #expect(failed.status == 503 && failed.code == code && failed.fields["retry-after"] == "1")
            #expect(try await world.payments.send(.post, path, as: PaymentWorld.learner)["status"] == "COMPLETED")
        }
    }

    @Test func `a payment without a confirmation is cancelled after half an hour`() async throws {
        try await PaymentWorld.with { world in
            let id = try await world.order("pm_card_authenticationRequired")["paymentId"]
            try await world.settled()
            world.clock.advance(by: 1_700)
            try await world.payments.runJob("look after payments")
            #expect(try await world.payment(id)["status"] == "REQUIRES_ACTION")
            world.clock.advance(by: 200)
            try await world.payments.runJob("look after payments")
            try await eventually { try await world.payment(id)["status"] == "FAILED" }
            #expect(try await world.intents().first?.status == "canceled")
            #expect(try await world.payments.published(PaymentFailed.self).map(\.data.code) == ["abandoned"])
        }
    }

    @Test func `a payment that the bank has already confirmed is completed by a confirmation`() async throws {
        try await PaymentWorld.with { world in
            world.behave { $0.holdsWebhooks = true }
            let id = try #require(try await world.order("pm_card_authenticationRequired")["paymentId"])
            let intent = try #require(try await world.intents().first).id
            _ = try await world.sandbox.database.transaction { [operations = world.sandboxOperations] tx in
                try await operations.confirmIntent(intent, on: tx)
            }
            let confirmed = try await world.payments.send(.post, "/payments/\(id)/confirm", as: PaymentWorld.learner)
            #expect(confirmed.status == 200 && confirmed["status"] == "COMPLETED")
        }
    }
}
