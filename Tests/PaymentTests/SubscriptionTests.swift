import Avro
import Contracts
import Foundation
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Payment
@testable import Sandbox

@Suite struct SubscriptionTests {
    private func subscribe(
        _ world: PaymentWorld, _ method: String = "pm_card_visa", interval: String = "MONTH", key: String? = nil
    ) async throws -> TestAnswer {
        var fields = HTTPFields()
        fields["idempotency-key"] = key
        return try await world.payments.send(
            .post, "/subscriptions", as: PaymentWorld.learner,
            json: "{\"plan\":\"PRO\",\"interval\":\"\(interval)\",\"paymentMethod\":\"\(method)\"}", fields: fields)
    }

    @Test(arguments: [("MONTH", "19.00", 30.0), ("YEAR", "190.00", 365.0)])
    func `a plan is paid and published, monthly and yearly`(interval: String, amount: String, days: Double) async throws
    {
        try await PaymentWorld.with { world in
            let answer = try await subscribe(world, interval: interval, key: "k")
            #expect(answer.status == 202 && answer["status"] == "ACTIVE")
            #expect(
                try await subscribe(world, interval: interval, key: "k")["subscriptionId"] == answer["subscriptionId"])
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
            #expect(try await subscribe(world).status == 202)
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

    @Test func `the end of a plan is reported to the user service, also after an outage`() async throws {
        try await PaymentWorld.with { world in
            #expect(try await subscribe(world).status == 202)
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
            let declined = try await subscribe(world, "pm_card_chargeDeclined")
            #expect(declined.code == "card-declined")
            #expect(try await world.payments.published(PaymentFailed.self).count == 1)
            #expect(try await world.payments.published(SubscriptionCreated.self).isEmpty)
            #expect(try await subscribe(world).status == 202)
            #expect(try await subscribe(world).code == "already-subscribed")
        }
    }

    @Test func `lost responses of Stripe create one plan`() async throws {
        try await PaymentWorld.with { world in
            world.behave { $0.lostAnswers = 2 }
            async let answer = subscribe(world)
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
            #expect(try await subscribe(world).status == 202)
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

    /// A token is good for some minutes after its owner is gone.
    @Test func `an erased person cannot buy`() async throws {
        try await PaymentWorld.with { world in
            try await world.payments.deliver(UserDeleted(userID: PaymentWorld.userID(1), deletedAt: world.clock.now))
            #expect(try await subscribe(world).code == "not-found")
            #expect(try await world.order("pm_card_visa").code == "not-found")
            #expect(try await world.payments.count("select count(*) from payment") == 0)
            #expect(try await world.payments.count("select count(*) from subscription") == 0)
        }
    }

    @Test func `a plan that was just beginning when its owner was erased ends at Stripe too`() async throws {
        try await PaymentWorld.with { world in
            world.behave { $0.answerDelayMs = 500 }
            async let answer = subscribe(world)
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
        }
    }
}
