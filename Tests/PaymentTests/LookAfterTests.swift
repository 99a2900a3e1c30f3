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

@Suite struct LookAfterTests {
    private func enrolled(_ world: PaymentWorld, _ payment: PaymentID, _ enrollment: EnrollmentID) -> EnrollmentCreated
    {
        EnrollmentCreated(
            enrollmentID: enrollment, userID: PaymentWorld.userID(1), courseID: PaymentWorld.course, paymentID: payment,
            source: .purchase, enrolledAt: world.clock.now)
    }

    @Test func `a payment shows its enrolment, delivered twice and two in a batch`() async throws {
        try await PaymentWorld.with { world in
            let (payment, enrollment) = try await world.paid()
            let event = enrolled(world, payment, enrollment)
            let id = EventID.make(at: world.clock.now)
            #expect(try await world.payments.deliver(event, id: id))
            #expect(try await world.payments.deliver(event, id: id) == false)
            #expect(try await world.payments.deliver(together: [event, event]) == 2)
            #expect(try await world.payment(payment.rawValue)["enrollmentId"] == enrollment.rawValue)
            world.clock.advance(by: 3_600)
            try await world.payments.runJob("look after payments")
            try await world.settled()
            #expect(try await world.payments.published(PaymentCompleted.self).count == 1)
        }
    }

    @Test func `a payment without an enrolment is published again, then refunded`() async throws {
        try await PaymentWorld.with { world in
            let (payment, enrollment) = try await world.paid()
            world.clock.advance(by: 100)
            try await world.payments.runJob("look after payments")
            #expect(try await world.payments.published(PaymentCompleted.self).count == 1)
            world.clock.advance(by: 30)
            for _ in 0..<2 { try await world.payments.runJob("look after payments") }
            let events = try await world.payments.published(PaymentCompleted.self)
            #expect(events.count == 2 && Set(events.map(\.eventID)).count == 2)
            #expect(Set(events.map(\.data.paymentID)) == [payment])
            let stuck = try await world.payments.send(.get, "/payments/stuck", as: PaymentWorld.administrator)
            #expect(stuck.items.count == 1)
            world.clock.advance(by: 1_800)
            for _ in 0..<2 { try await world.payments.runJob("look after payments") }
            try await world.settled()
            #expect(try await world.payment(payment.rawValue)["status"] == "REFUNDED")
            let intent = try #require(try await world.intents().first)
            #expect(intent.amountRefunded == intent.amount)
            #expect(try await world.sandbox.count("select count(*) from object where kind = 'refund'") == 1)
            #expect(try await world.payments.published(PaymentFailed.self).map(\.data.code) == ["not-enrolled"])
            #expect(world.neighbours.state.withLock { $0.refunded } == [enrollment.rawValue])
            #expect(world.neighbours.state.withLock { $0.revoked } == [enrollment.rawValue])
        }
    }

    @Test func `after a long downtime enrollment has time for the event that is sent again`() async throws {
        try await PaymentWorld.with { world in
            let (payment, _) = try await world.paid()
            world.clock.advance(by: 7_200)
            for (seconds, status) in [(0.0, "COMPLETED"), (299, "COMPLETED"), (2, "REFUNDED")] {
                world.clock.advance(by: seconds)
                try await world.payments.runJob("look after payments")
                try await world.settled()
                #expect(try await world.payment(payment.rawValue)["status"] == status)
            }
            #expect(try await world.payments.published(PaymentCompleted.self).count == 2)
        }
    }

    @Test func `an enrolment before the refund keeps the money, until an administrator asks for it`() async throws {
        try await PaymentWorld.with { world in
            let (payment, enrollment) = try await world.paid()
            world.clock.advance(by: 130)
            try await world.payments.runJob("look after payments")
            world.clock.advance(by: 1_800)
            world.behave { behaviour in
                behaviour.failures = 1_000
                behaviour.failureStatus = 503
            }
            try await world.payments.runJob("look after payments")
            try await eventually {
                try await world.payments.count("select count(*) from task where error like 'dependency-down%'") == 1
            }
            try await world.payments.deliver(enrolled(world, payment, enrollment))
            world.behave { $0.failures = 0 }
            try await eventually(within: .seconds(18)) {
                world.clock.advance(by: 1)
                return try await world.payments.count(
                    "select count(*) from task where kind = 'give-back' and state = 'done'") == 1
            }
            #expect(try await world.payment(payment.rawValue)["status"] == "COMPLETED")
            #expect(try await world.intents().map(\.amountRefunded) == [0])
            #expect(try await world.refund(payment).status == 202)
            try await world.settled()
            #expect(try await world.intents().map(\.amountRefunded) == [4_999])
        }
    }

    @Test func `an enrolment after the refund is ended`() async throws {
        try await PaymentWorld.with { world in
            let (payment, enrollment) = try await world.paid()
            world.clock.advance(by: 130)
            try await world.payments.runJob("look after payments")
            world.clock.advance(by: 1_800)
            try await world.payments.runJob("look after payments")
            try await world.settled()
            try await world.payments.deliver(enrolled(world, payment, enrollment))
            try await world.settled()
            #expect(world.neighbours.state.withLock { $0.refunded.count } == 2)
        }
    }

    @Test func `only an administrator refunds a payment, once`() async throws {
        try await PaymentWorld.with { world in
            let (payment, enrollment) = try await world.paid()
            try await world.payments.deliver(enrolled(world, payment, enrollment))
            let path = "/payments/\(payment)/refund"
            #expect(try await world.payments.send(.post, path, as: PaymentWorld.learner).code == "not-allowed")
            for _ in 0..<2 {
                #expect(try await world.payments.send(.post, path, as: PaymentWorld.administrator).status == 202)
            }
            try await world.settled()
            #expect(try await world.payment(payment.rawValue)["status"] == "REFUNDED")
            #expect(try await world.sandbox.count("select count(*) from object where kind = 'refund'") == 1)
            #expect(try await world.payments.published(PaymentFailed.self).isEmpty)
        }
    }

    // MARK: Refunds that fail

    @Test func `a refund that Stripe has refused is tried again when an administrator asks`() async throws {
        try await PaymentWorld.with { world in
            let (payment, _) = try await world.paid()
            world.behave { behaviour in
                behaviour.failures = 1
                behaviour.failureStatus = 400
            }
            for _ in 0..<2 {
                #expect(try await world.refund(payment).status == 202)
                try await world.settled()
            }
            #expect(try await world.payment(payment.rawValue)["status"] == "REFUNDED")
            #expect(try await world.steps(payment.rawValue).suffix(2) == ["refund-failed", "refunded"])
            let key: SQL = "select count(*) from answer where key = \("\(payment).refund.1")"
            #expect(try await world.sandbox.count(key) == 1, "Stripe repeats its answer to a key")
        }
    }

    @Test func `a refund that Stripe has refused is tried again after a day, and takes no other's place`() async throws
    {
        var limits = PaymentLimits()
        limits.sweptCountMax = 1
        try await PaymentWorld.with(limits: limits) { world in
            let refused = try await world.paid().0.rawValue
            world.clock.advance(by: 1)
            let other = try await world.paid().0.rawValue
            world.clock.advance(by: 1_900)
            for _ in 0..<2 { try await world.payments.runJob("look after payments") }
            world.clock.advance(by: 301)
            world.behave { behaviour in
                behaviour.failures = 1
                behaviour.failureStatus = 400
            }
            for _ in 0..<3 {
                try await world.payments.runJob("look after payments")
                try await world.settled()
            }
            #expect(try await world.steps(refused).last == "refund-failed")
            #expect(try await world.payment(other)["status"] == "REFUNDED")
            world.clock.advance(by: 86_400)
            try await world.payments.runJob("look after payments")
            try await world.settled()
            #expect(try await world.payment(refused)["status"] == "REFUNDED")
        }
    }

    // MARK: Late money

    @Test func `money in a second intent is refunded, and the payment stays paid`() async throws {
        try await PaymentWorld.with { world in
            let (payment, _) = try await world.paid()
            let second = try await world.chargeAgain(payment.rawValue).id
            try await world.settled()
            #expect(try await world.intents().filter { $0.amountRefunded > 0 }.map(\.id) == [second])
            #expect(try await world.payment(payment.rawValue)["status"] == "COMPLETED")
            #expect(try await world.steps(payment.rawValue).last == "surplus-refunded")
            #expect(try await world.sandbox.count("select count(*) from answer where key = \("\(second).refund")") == 1)
        }
    }

    @Test func `money for a failed payment is refunded, also when Stripe refuses at first`() async throws {
        try await PaymentWorld.with { world in
            _ = try await world.order("pm_card_chargeDeclined")
            let id = try #require(try await world.payments.published(PaymentFailed.self).first).data.paymentID.rawValue
            try await world.settled()
            world.behave { behaviour in
                behaviour.failures = 1
                behaviour.failureStatus = 400
            }
            _ = try await world.chargeAgain(id)
            try await eventually { try await world.steps(id).last == "refund-failed" }
            world.clock.advance(by: 86_400)
            try await eventually { try await world.steps(id).last == "surplus-refunded" }
            #expect(try await world.intents().map(\.amountRefunded) == [0, 4_999])
            #expect(try await world.payment(id)["status"] == "FAILED")
        }
    }

    // MARK: Open payments

    @Test func `a payment whose task is lost fails after a day`() async throws {
        try await PaymentWorld.with { world in
            let (payment, _) = try await world.paid()
            try await world.payments.database.execute("update payment set status = 'INITIATED', stripe_id = null")
            for (hours, status) in [(22, "INITIATED"), (1, "FAILED")] {
                world.clock.advance(by: Double(hours) * 3_600)
                try await world.payments.runJob("look after payments")
                try await world.settled()
                #expect(try await world.payment(payment.rawValue)["status"] == status)
            }
        }
    }

    @Test func `a payment that Stripe cannot cancel is looked at again, and takes no other's place`() async throws {
        var limits = PaymentLimits()
        limits.sweptCountMax = 1
        try await PaymentWorld.with(limits: limits) { world in
            let processing = try await world.order("pm_card_authenticationRequired")["paymentId"]
            try await world.settled()
            try await world.change("payment_intent", to: "{\"status\":\"processing\"}")
            world.neighbours.state.withLock { $0.reserved = [:] }
            world.clock.advance(by: 1)
            let other = try await world.order("pm_card_authenticationRequired")["paymentId"]
            try await world.settled()
            world.clock.advance(by: 1_900)
            for _ in 0..<2 {
                try await world.payments.runJob("look after payments")
                try await world.settled()
            }
            #expect(try await world.payment(processing)["status"] == "REQUIRES_ACTION")
            #expect(try await world.payment(other)["status"] == "FAILED")
            // Its webhook is lost.
            try await world.change("payment_intent", to: "{\"status\":\"succeeded\"}")
            world.clock.advance(by: 3_600)
            try await world.payments.runJob("look after payments")
            try await eventually { try await world.payment(processing)["status"] == "COMPLETED" }
        }
    }
}
