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

    private func paid(_ world: PaymentWorld) async throws -> (PaymentID, EnrollmentID) {
        let id = try #require(try await world.order()["paymentId"])
        let enrollment = try #require(world.neighbours.state.withLock { $0.reserved[id] })
        try await world.settled()
        return (PaymentID(checked: id), EnrollmentID(checked: enrollment))
    }

    @Test func `a payment shows its enrolment, delivered twice and two in a batch`() async throws {
        try await PaymentWorld.with { world in
            let (payment, enrollment) = try await paid(world)
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
            let (payment, enrollment) = try await paid(world)
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

    @Test func `an enrolment after the refund is ended`() async throws {
        try await PaymentWorld.with { world in
            let (payment, enrollment) = try await paid(world)
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
            let (payment, enrollment) = try await paid(world)
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
}
