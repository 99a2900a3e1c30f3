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

/// One charge for each payment, whatever Stripe does.
@Suite struct FaultyStripeTests {
    @Test func `lost responses cause no second charge`() async throws {
        try await PaymentWorld.with { world in
            world.behave { $0.lostAnswers = 2 }
            async let answer = world.order()
            try await pass(world) { try await world.payments.published(PaymentCompleted.self).count == 1 }
            #expect(try await answer.status == 202)
            #expect(try await world.intents().count == 1)
        }
    }

    @Test(arguments: [500, 503, 429, 409])
    func `a failing Stripe is retried until it succeeds`(status: Int) async throws {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.failures = 3
                behaviour.failureStatus = status
            }
            async let answer = world.order()
            try await pass(world) { try await world.payments.published(PaymentCompleted.self).count == 1 }
            #expect(try await answer["status"] == "COMPLETED")
            #expect(try await world.intents().count == 1)
        }
    }

    @Test func `webhooks sent five times, and before the response, count once`() async throws {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.webhookCopies = 5
                behaviour.webhooksFirst = true
            }
            #expect(try await world.order()["status"] == "COMPLETED")
            try await world.settled()
            #expect(try await world.payments.count("select count(*) from webhook_event") == 1)
            #expect(try await world.payments.published(PaymentCompleted.self).count == 1)
        }
    }

    @Test func `late webhooks in reverse order do not change an outcome`() async throws {
        try await PaymentWorld.with { world in
            world.behave { $0.holdsWebhooks = true }
            let id = try await world.order("pm_card_authenticationRequired")["paymentId"]
            _ = try await world.payments.send(.post, "/payments/\(id ?? "")/confirm", as: PaymentWorld.learner)
            #expect(try await world.sandboxOperations.release(copies: 2) == 2)
            try await world.settled()
            #expect(try await world.payment(id)["status"] == "COMPLETED")
            #expect(try await world.payments.published(PaymentCompleted.self).count == 1)
            #expect(try await world.payments.count("select count(*) from webhook_event") == 2)
        }
    }

    @Test func `a webhook alone completes a payment without a response`() async throws {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.webhooksFirst = true
                behaviour.lostAnswers = 1_000
            }
            async let answer = world.order()
            try await eventually { try await world.payments.published(PaymentCompleted.self).count == 1 }
            #expect(try await world.intents().count == 1)
            // The task finds that there is nothing left to do.
            try await pass(world) {
                try await world.payments.count("select count(*) from task where kind = 'checkout' and state = 'done'")
                    == 1
            }
            #expect(try await answer["status"] == "COMPLETED")
        }
    }

    @Test func `an outage of enrollment does not count as an attempt`() async throws {
        try await PaymentWorld.with { world in
            world.neighbours.state.withLock { $0.isAway = true }
            async let answer = world.order()
            try await pass(world) {
                try await world.payments.count("select count(*) from task where error like 'enrollment-busy%'") == 1
            }
            #expect(try await world.intents().isEmpty)
            world.neighbours.state.withLock { $0.isAway = false }
            try await pass(world) { try await world.payments.published(PaymentCompleted.self).count == 1 }
            #expect(try await answer["status"] == "COMPLETED")
        }
    }

    @Test func `a payment whose place has expired and gone to another one is not charged after an outage`() async throws
    {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.failures = 1_000
                behaviour.failureStatus = 503
            }
            async let answer = world.order()
            try await eventually {
                try await world.payments.count("select count(*) from task where error like 'dependency-down%'") == 1
            }
            world.neighbours.state.withLock { $0.reserved = ["pay_another": "enr_another"] }
            world.behave { $0.failures = 0 }
            try await pass(world) {
                try await world.payments.count("select count(*) from payment where status = 'FAILED'") == 1
            }
            #expect(try await answer.code == "already-enrolled")
            #expect(try await world.intents().isEmpty)
        }
    }

    @Test func `a charge is not repeated when Stripe has forgotten its key, and is refunded`() async throws {
        try await PaymentWorld.with { world in
            world.behave { behaviour in
                behaviour.lostAnswers = 1_000
                behaviour.holdsWebhooks = true
            }
            async let answer = world.order()
            try await eventually {
                try await world.payments.count("select count(*) from task where error like 'dependency-down%'") == 1
            }
            try await world.sandbox.database.execute("delete from answer")
            world.behave { behaviour in
                behaviour.lostAnswers = 0
                behaviour.holdsWebhooks = false
            }
            world.clock.advance(by: 82_800)
            #expect(try await answer.code == "card-declined")
            #expect(try await world.payments.published(PaymentFailed.self).map(\.data.code) == ["abandoned"])
            _ = try await world.sandboxOperations.release(copies: 2)
            try await world.settled()
            #expect(try await world.intents().map(\.amountRefunded) == [4_999])
        }
    }

    @Test func `a failure of Stripe with one payment pauses no other one, and is retried beyond the last attempt`()
        async throws
    {
        try await PaymentWorld.with { world in
            world.behave { $0.failures = 1_000 }
            async let answer = world.order()
            try await eventually {
                try await world.payments.count("select count(*) from task where error like 'transient: Stripe%'") == 1
            }
            #expect(!world.payments.context.tasks.isResting(Checkout.self))
            // Only the last attempt is left.
            try await world.payments.database.execute("update task set attempts = 49 where kind = 'checkout'")
            try await pass(world) {
                try await world.payments.count(
                    "select count(*) from task where kind = 'checkout' and state = 'waiting' and attempts = 0") == 1
            }
            world.behave { $0.failures = 0 }
            world.clock.advance(by: 300)
            try await pass(world) { try await world.payments.published(PaymentCompleted.self).count == 1 }
            #expect(try await answer["status"] == "COMPLETED")
        }
    }

    @Test func `a payment whose task is given up fails and keeps no card`() async throws {
        try await PaymentWorld.with { world in
            world.neighbours.state.withLock { $0.isUnreadable = true }
            async let answer = world.order()
            try await eventually {
                try await world.payments.count("select count(*) from task where error like 'malformed-answer%'") == 1
            }
            // Only the last attempt is left.
            try await world.payments.database.execute("update task set attempts = 49 where kind = 'checkout'")
            try await pass(world) { try await world.payments.published(PaymentFailed.self).count == 1 }
            #expect(try await world.payments.published(PaymentFailed.self).map(\.data.code) == ["abandoned"])
            #expect(try await answer.code == "card-declined")
            #expect(try await world.payments.count("select count(*) from payment where payment_method is null") == 1)
        }
    }

    /// Lets time pass until something is so.
    private func pass(_ world: PaymentWorld, until condition: () async throws -> Bool) async throws {
        try await eventually(within: .seconds(18)) {
            world.clock.advance(by: 1)
            return try await condition()
        }
    }

    // MARK: Webhooks

    @Test func `a webhook with a wrong or an old signature, or none, is refused`() async throws {
        try await PaymentWorld.with { world in
            let body =
                "{\"id\":\"evt_1\",\"type\":\"payment_intent.succeeded\",\"created\":1,\"data\":{\"object\":{\"id\":\"pi_1\"}}}"
            let signature = try #require(
                StripeSignature(secret: SandboxSecrets(world.payments.context.seal).webhookSecret))
            let other = try #require(StripeSignature(secret: "whsec_of_somebody_else"))
            let bytes = Array(body.utf8)
            let wrong = [
                nil, "", "t=1", "t=x,v1=00", other.sign(bytes, at: world.clock.now),
                signature.sign(bytes, at: world.clock.now.addingTimeInterval(-301)),
                signature.sign(bytes, at: world.clock.now.addingTimeInterval(301)),
                signature.sign(bytes + [32], at: world.clock.now),
            ]
            for field in wrong {
                var fields = HTTPFields()
                fields[StripeSignature.fieldName] = field
                let answer = try await world.payments.send(.post, "/webhooks/stripe", json: body, fields: fields)
                #expect(answer.status == 400 && answer.code == "bad-signature", "\(field ?? "none")")
            }
            var fields = HTTPFields()
            fields[StripeSignature.fieldName] = signature.sign(bytes, at: world.clock.now)
            #expect(try await world.payments.send(.post, "/webhooks/stripe", json: body, fields: fields).status == 204)
            #expect(try await world.payments.count("select count(*) from webhook_event") == 1)
            fields[StripeSignature.fieldName] = signature.sign([], at: world.clock.now)
            #expect(try await world.payments.send(.post, "/webhooks/stripe", fields: fields).code == "bad-event")
        }
    }
}
