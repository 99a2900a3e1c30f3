import Avro
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

@Suite struct SubscriptionTests {
    @Test(arguments: [("MONTH", "19.00", 30.0), ("YEAR", "190.00", 365.0)])
    func `a plan is paid and published, monthly and yearly`(interval: String, amount: String, days: Double) async throws
    {
        try await PaymentWorld.with { world in
            let answer = try await world.subscribe(interval: interval, key: "k")
            #expect(answer.status == 202 && answer["status"] == "ACTIVE")
            #expect(
                try await world.subscribe(interval: interval, key: "k")["subscriptionId"] == answer["subscriptionId"])
            let created = try await world.payments.published(SubscriptionCreated.self)
            #expect(created.count == 1 && created.first?.data.plan == "PRO")
            #expect(created.first?.data.amount.amount == amount)
            let end = try #require(created.first?.data.currentPeriodEnd)
            #expect(abs(end.timeIntervalSince(world.clock.now) - days * 86_400) < 2)
            let paid = try await world.payments.published(PaymentCompleted.self)
            #expect(paid.count == 1 && paid.first?.data.courseID == nil)
            let mine = try await world.payments.send(.get, "/subscriptions/me", as: PaymentWorld.learner)
            #expect(mine["plan"] == "PRO" && mine["status"] == "ACTIVE" && mine["currentPeriodEnd"] != nil)
            #expect(
                try await world.payments.send(.get, "/subscriptions/me", as: PaymentWorld.other).code == "not-found")
        }
    }

    @Test func `a covered course enrols without a payment, until the plan has ended`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            let covered = try await world.order(nil)
            #expect(covered.status == 201)
            #expect(world.neighbours.state.withLock { $0.sources } == ["SUBSCRIPTION"])
            #expect(try await world.payments.send(.delete, "/subscriptions/me", as: PaymentWorld.learner).status == 202)
            try await world.settled()
            #expect(
                try await world.payments.send(.get, "/subscriptions/me", as: PaymentWorld.learner)["status"] == "ENDED")
            world.neighbours.state.withLock { $0.isEnrolled = false }
            #expect(try await world.order(nil).code == "payment-method-required")
        }
    }

    @Test func `the end of a plan that Stripe has refused is tried again on request`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            world.behave { behaviour in
                behaviour.failures = 1
                behaviour.failureStatus = 400
            }
            for status in ["ACTIVE", "ENDED"] {
                let request = try await world.payments.send(.delete, "/subscriptions/me", as: PaymentWorld.learner)
                #expect(request.status == 202)
                try await world.settled()
                let plan = try await world.payments.send(.get, "/subscriptions/me", as: PaymentWorld.learner)
                #expect(plan["status"] == status, "\(plan)")
            }
        }
    }

    @Test func `the end of a plan is reported to the user service, also after an outage`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            world.neighbours.state.withLock { $0.isAway = true }
            let ended = world.clock.now.iso8601Milliseconds
            #expect(try await world.payments.send(.delete, "/subscriptions/me", as: PaymentWorld.learner).status == 202)
            try await eventually {
                try await world.payments.count(
                    "select count(*) from task where kind = 'tell-plan-end' and state in ('waiting', 'running')") == 1
            }
            let mine = try await world.payments.send(.get, "/subscriptions/me", as: PaymentWorld.learner)
            #expect(mine["status"] == "ENDED" && world.neighbours.state.withLock { $0.plansEnded.isEmpty })
            world.neighbours.state.withLock { $0.isAway = false }
            try await eventually(within: .seconds(20)) {
                world.clock.advance(by: 1)
                return world.neighbours.state.withLock { !$0.plansEnded.isEmpty }
            }
            try await world.settled()
            let told = world.neighbours.state.withLock { $0.plansEnded }
            #expect(told == ["\(PaymentWorld.userID(1)) FREE \(ended)"])
        }
    }

    @Test func `a declined card begins no plan, a second plan is refused, and another try is free`() async throws {
        try await PaymentWorld.with { world in
            let declined = try await world.subscribe("pm_card_chargeDeclined")
            #expect(declined.code == "card-declined")
            #expect(try await world.payments.published(PaymentFailed.self).count == 1)
            #expect(try await world.payments.published(SubscriptionCreated.self).isEmpty)
            #expect(try await world.subscribe().status == 202)
            #expect(try await world.subscribe().code == "already-subscribed")
        }
    }

    @Test(arguments: [
        ("pm_unknown", "bad-payment-method", "unknown"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card-declined", "insufficient_funds"),
        ("pm_card_chargeCustomerFail", "card-declined", "generic_decline"),
        ("pm_card_authenticationRequired", "card-declined", "authentication_required"),
    ])
    func `a plan that cannot be paid is refused for the reason of its payment`(
        method: String, code: String, reason: String
    ) async throws {
        try await PaymentWorld.with { world in
            let answer = try await world.subscribe(method)
            #expect(answer.status == (code == "card-declined" ? 402 : 422) && answer.code == code)
            #expect(answer["detail"]?.contains(reason) == true, "\(answer)")
            try await world.settled()
            #expect(try await world.payments.count("select count(*) from subscription where status = 'FAILED'") == 1)
        }
    }

    @Test func `lost responses of Stripe create one plan`() async throws {
        try await PaymentWorld.with { world in
            world.behave { $0.lostAnswers = 2 }
            async let answer = world.subscribe()
            try await eventually(within: .seconds(18)) {
                world.clock.advance(by: 1)
                return try await world.payments.published(SubscriptionCreated.self).count == 1
            }
            #expect(try await answer.status == 202)
            #expect(try await world.sandbox.count("select count(*) from object where kind = 'subscription'") == 1)
        }
    }

    @Test func `the plan of a person who is erased ends, and their payments keep no card`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            let deleted = UserDeleted(userID: PaymentWorld.userID(1), deletedAt: world.clock.now)
            #expect(try await world.payments.deliver(together: [deleted, deleted]) == 2)
            try await world.settled()
            #expect(try await world.payments.count("select count(*) from subscription where status = 'ENDED'") == 1)
            #expect(
                try await world.payments.count("select count(*) from payment where payment_method is not null") == 0)
            let answer = try await world.payments.send(
                .get, "/internal/erasures/\(PaymentWorld.userID(1))", as: .service(.user))
            #expect(answer.status == 200 && answer["erasedAt"] != nil)
        }
    }

    @Test func `an erasure waits for the end of a plan that its owner had already asked for`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            try await world.settled()
            world.behave { behaviour in
                behaviour.failures = 1_000
                behaviour.failureStatus = 503
            }
            #expect(try await world.payments.send(.delete, "/subscriptions/me", as: PaymentWorld.learner).status == 202)
            try await world.payments.deliver(UserDeleted(userID: PaymentWorld.userID(1), deletedAt: world.clock.now))
            let path = "/internal/erasures/\(PaymentWorld.userID(1))"
            #expect(try await world.payments.send(.get, path, as: .service(.user)).code == "not-found")
            world.behave { $0.failures = 0 }
            try await eventually(within: .seconds(18)) {
                world.clock.advance(by: 1)
                return try await world.payments.send(.get, path, as: .service(.user)).status == 200
            }
            #expect(try await world.payments.count("select count(*) from subscription where status = 'ENDED'") == 1)
        }
    }

    /// A token is good for some minutes after its owner is gone.
    @Test func `an erased person cannot buy`() async throws {
        try await PaymentWorld.with { world in
            try await world.payments.deliver(UserDeleted(userID: PaymentWorld.userID(1), deletedAt: world.clock.now))
            #expect(try await world.subscribe().code == "not-found")
            #expect(try await world.order("pm_card_visa").code == "not-found")
            #expect(try await world.payments.count("select count(*) from payment") == 0)
            #expect(try await world.payments.count("select count(*) from subscription") == 0)
        }
    }

    @Test func `a plan that was just beginning when its owner was erased ends at Stripe too, and is refunded`()
        async throws
    {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.holdsWebhooks = true
                behaviour.answerDelayMs = 300
            }
            async let answer = world.subscribe()
            try await eventually {
                try await world.sandbox.count("select count(*) from object where kind = 'customer'") == 1
            }
            world.behave { $0.answerDelayMs = 2_000 }
            let begun: SQL = "select count(*) from object where kind = 'subscription'"
            try await eventually("Stripe has begun it, and not said so") { try await world.sandbox.count(begun) == 1 }
            try await world.payments.deliver(UserDeleted(userID: PaymentWorld.userID(1), deletedAt: world.clock.now))
            #expect(try await answer.status == 202)
            try await eventually {
                world.clock.advance(by: 1)
                return try await world.sandbox.count("\(begun) and body ->> 'status' = 'canceled'") == 1
            }
            try await world.settled()
            #expect(try await world.payments.count("select count(*) from subscription where status = 'ENDED'") == 1)
            #expect(try await world.intents().map(\.amountRefunded) == [1_900])
        }
    }

    @Test func `Stripe is not called for a person who was erased during an outage`() async throws {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.failures = 1_000
                behaviour.failureStatus = 503
            }
            async let plan = world.subscribe()
            async let order = world.order()
            try await eventually {
                try await world.payments.count("select count(*) from task where error like 'dependency-down%'") == 2
            }
            try await world.payments.deliver(UserDeleted(userID: PaymentWorld.userID(1), deletedAt: world.clock.now))
            world.behave { $0.failures = 0 }
            try await eventually(within: .seconds(18)) {
                world.clock.advance(by: 5)
                return try await world.payments.count("select count(*) from task where state <> 'done'") == 0
            }
            #expect(try await plan.code == "card-declined")
            #expect(try await order.code == "card-declined")
            #expect(try await world.sandbox.count("select count(*) from object") == 0)
            #expect(try await world.payments.count("select count(*) from payment where status = 'FAILED'") == 2)
        }
    }

    @Test func `a plan can be ended while it is beginning`() async throws {
        try await PaymentWorld.with { world in
            world.behave { $0.answerDelayMs = 500 }
            async let answer = world.subscribe()
            try await eventually { try await world.payments.count("select count(*) from subscription") == 1 }
            #expect(try await world.payments.send(.delete, "/subscriptions/me", as: PaymentWorld.learner).status == 202)
            #expect(try await answer.status == 202)
            try await eventually {
                world.clock.advance(by: 1)
                return try await world.payments.count("select count(*) from subscription where status = 'ENDED'") == 1
            }
            #expect(
                try await world.sandbox.count(
                    "select count(*) from object where kind = 'subscription' and body ->> 'status' = 'canceled'") == 1)
        }
    }

    // MARK: Money

    @Test func `a refund returns the first charge of a plan, and ends it`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            let paid = try #require(try await world.payments.published(PaymentCompleted.self).first)
            #expect(try await world.refund(paid.data.paymentID).status == 202)
            try await world.settled()
            #expect(try await world.payment(paid.data.paymentID.rawValue)["status"] == "REFUNDED")
            #expect(try await world.intents().map(\.amountRefunded) == [1_900])
            #expect(try await world.payments.count("select count(*) from subscription where status = 'ENDED'") == 1)
            #expect(try await world.payments.published(PaymentFailed.self).isEmpty)
        }
    }

    @Test func `a plan whose charge is not known cannot be refunded`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            let paid = try #require(try await world.payments.published(PaymentCompleted.self).first)
            try await world.payments.database.execute("update payment set stripe_id = 'sub_1'")
            let answer = try await world.refund(paid.data.paymentID)
            #expect(answer.status == 409 && answer.code == "wrong-state")
        }
    }

    @Test func `an unpaid renewal covers nothing until it is paid`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            try await world.settled()
            world.clock.advance(by: 30 * 86_400 + 60)
            let next = Int(world.clock.now.timeIntervalSince1970) + 30 * 86_400
            try await world.change("subscription", to: "{\"status\":\"past_due\",\"currentPeriodEnd\":\(next)}")
            try await world.payments.runJob("look after subscriptions")
            try await world.settled()
            #expect(try await world.order(nil).code == "payment-method-required")
            try await world.change("subscription", to: "{\"status\":\"active\"}")
            world.clock.advance(by: 3_600)
            try await world.payments.runJob("look after subscriptions")
            try await world.settled()
            #expect(try await world.order(nil).status == 201)
        }
    }

    @Test func `a plan whose next invoice is a draft covers two hours more, and the period once it is paid`()
        async throws
    {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            try await world.settled()
            world.clock.advance(by: 30 * 86_400 + 60)
            let next = Int(world.clock.now.timeIntervalSince1970) + 30 * 86_400
            let invoice = "\"latestInvoice\":{\"id\":\"in_2\",\"object\":\"invoice\",\"paymentIntent\":\"pi_2\""
            try await world.change(
                "subscription", to: "{\"currentPeriodEnd\":\(next),\(invoice),\"status\":\"draft\"}}")
            try await world.payments.runJob("look after subscriptions")
            try await world.settled()
            #expect(try await covers(world))
            world.clock.advance(by: 7_201)
            #expect(try await !covers(world))
            #expect(try await world.order(nil).code == "payment-method-required")
            try await world.change("subscription", to: "{\(invoice),\"status\":\"paid\"}}")
            let rows = try await world.sandbox.database.query("select id from object where kind = 'subscription'")
            let subscription = try #require(try rows.first?.decode(String.self))
            #expect(try await reportPaid(subscription, to: world).status == 204)
            try await world.settled()
            #expect(try await world.order(nil).status == 201)
        }
    }

    private func covers(_ world: PaymentWorld) async throws -> Bool {
        try await world.payments.count(
            "select count(*) from subscription where current_period_end > \(world.clock.now)") == 1
    }

    /// Sends the webhook of a paid invoice.
    private func reportPaid(_ subscription: String, to world: PaymentWorld) async throws -> TestAnswer {
        let object = "{\"id\":\"in_2\",\"subscription\":\"\(subscription)\"}"
        let body = "{\"id\":\"evt_2\",\"type\":\"invoice.paid\",\"created\":1,\"data\":{\"object\":\(object)}}"
        let secret = SandboxSecrets(world.payments.context.seal).webhookSecret
        let signature = try #require(StripeSignature(secret: secret))
        var fields = HTTPFields()
        fields[StripeSignature.fieldName] = signature.sign(Array(body.utf8), at: world.clock.now)
        return try await world.payments.send(.post, "/webhooks/stripe", json: body, fields: fields)
    }

    @Test func `an unpaid renewal takes no other plan's place in the sweep`() async throws {
        var limits = PaymentLimits()
        limits.sweptCountMax = 1
        try await PaymentWorld.with(limits: limits) { world in
            #expect(try await world.subscribe().status == 202)
            #expect(try await world.subscribe(as: PaymentWorld.other).status == 202)
            try await world.settled()
            world.clock.advance(by: 30 * 86_400 + 60)
            try await world.change("subscription", to: "{\"status\":\"past_due\"}")
            for _ in 0..<2 { try await world.payments.runJob("look after subscriptions") }
            try await world.settled()
            #expect(
                try await world.payments.count(
                    "select count(distinct payload) from task where kind = 'look-up-subscription' and key like 'sub_%'")
                    == 2)
        }
    }

    // MARK: Lost responses

    @Test func `a webhook alone begins a plan without a response`() async throws {
        try await PaymentWorld.with { world in
            world.behave { $0.answerDelayMs = 300 }
            async let answer = world.subscribe()
            try await eventually {
                try await world.sandbox.count("select count(*) from object where kind = 'customer'") == 1
            }
            world.behave { $0.lostAnswers = 1_000 }
            try await eventually { try await world.payments.published(SubscriptionCreated.self).count == 1 }
            try await eventually {
                world.clock.advance(by: 1)
                return try await world.payments.count(
                    "select count(*) from task where kind = 'begin-subscription' and state = 'done'") == 1
            }
            #expect(try await answer["status"] == "ACTIVE")
            #expect(try await world.payments.published(PaymentCompleted.self).count == 1)
        }
    }

    @Test func `a plan that Stripe begins after it has failed is ended there and refunded`() async throws {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.holdsWebhooks = true
                behaviour.answerDelayMs = 300
            }
            async let answer = world.subscribe()
            try await eventually {
                try await world.sandbox.count("select count(*) from object where kind = 'customer'") == 1
            }
            world.behave { $0.lostAnswers = 1_000 }
            try await eventually {
                try await world.payments.count("select count(*) from task where error like 'dependency-down%'") == 1
            }
            // Stripe forgets the key.
            try await world.sandbox.database.execute("delete from answer")
            world.behave { $0.lostAnswers = 0 }
            world.clock.advance(by: 82_800)
            #expect(try await answer.code == "card-declined")
            #expect(try await world.payments.published(PaymentFailed.self).map(\.data.code) == ["abandoned"])
            world.behave { $0.holdsWebhooks = false }
            _ = try await world.sandboxOperations.release(copies: 1)
            try await world.settled()
            let ended: SQL =
                "select count(*) from object where kind = 'subscription' and body ->> 'status' = 'canceled'"
            #expect(try await world.sandbox.count(ended) == 1)
            #expect(try await world.intents().map(\.amountRefunded) == [1_900])
            #expect(try await world.payments.published(SubscriptionCreated.self).isEmpty)
        }
    }

    // MARK: Giving up

    @Test func `a plan whose task is lost fails after a day and holds up no erasure`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await world.subscribe().status == 202)
            try await world.settled()
            for table: SQL in ["payment", "subscription"] {
                try await world.payments.database.execute("update \(table) set status = 'INITIATED', stripe_id = null")
            }
            try await world.payments.deliver(UserDeleted(userID: PaymentWorld.userID(1), deletedAt: world.clock.now))
            world.clock.advance(by: 82_800)
            try await world.payments.runJob("look after payments")
            try await eventually {
                world.clock.advance(by: 5)
                return try await world.payments.count("select count(*) from task where state <> 'done'") == 0
            }
            #expect(try await world.payments.count("select count(*) from payment where status = 'FAILED'") == 1)
            #expect(try await world.payments.count("select count(*) from subscription where status = 'FAILED'") == 1)
        }
    }

    /// Yen have no hundredths, so the plan cannot be charged.
    @Test func `a plan that cannot be begun fails, keeps no card and holds up no erasure`() async throws {
        try await PaymentWorld.with(settings: ["HUB_PRO_MONTH_PRICE": "19.50 JPY"]) { world in
            async let answer = world.subscribe()
            try await eventually { try await world.payments.count("select count(*) from subscription") == 1 }
            try await eventually(within: .seconds(18)) {
                world.clock.advance(by: 30)
                return try await world.payments.count(
                    "select count(*) from subscription where status = 'FAILED' and payment_method is null") == 1
            }
            #expect(try await answer.code == "card-declined")
            try await world.payments.deliver(UserDeleted(userID: PaymentWorld.userID(1), deletedAt: world.clock.now))
            try await eventually {
                world.clock.advance(by: 5)
                return try await world.payments.count("select count(*) from task where state = 'waiting'") == 0
            }
            #expect(try await world.payments.published(PaymentFailed.self).map(\.data.code) == ["abandoned"])
            #expect(
                try await world.payments.count("select count(*) from payment where payment_method is not null") == 0)
        }
    }
}
