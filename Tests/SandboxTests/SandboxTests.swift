import Contracts
import Foundation
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Sandbox

@Suite struct SandboxTests {
    private typealias World = TestService<SandboxService>

    /// Calls the sandbox like payment.
    private func call(
        _ world: World, _ method: HTTPMethod, _ path: String, _ form: String = "", key: String? = nil,
        secret: String? = nil
    ) async throws -> TestAnswer {
        var fields: HTTPFields = [
            "authorization": "Bearer \(secret ?? SandboxSecrets(world.context.seal).secretKey)",
            "content-type": "application/x-www-form-urlencoded",
        ]
        fields["idempotency-key"] = key
        let router = try #require(world.service.door)
        return try await TestAnswer(
            await router.respond(to: HTTPRequest(method, path, fields: fields, body: .text(form))))
    }

    private let charge = "amount=4999&currency=usd&confirm=true&metadata%5BpaymentId%5D=pay_1&payment_method="

    @Test func `the same key is the same charge, also for a declined card, and refuses other requests`()
        async throws
    {
        try await World.with { world in
            let first = try await call(world, .post, "/v1/payment_intents", charge + "pm_card_visa", key: "a")
            let again = try await call(world, .post, "/v1/payment_intents", charge + "pm_card_visa", key: "a")
            #expect(first.status == 200 && first["status"] == "succeeded" && again["id"] == first["id"])
            #expect(
                try await call(world, .post, "/v1/payment_intents", charge + "pm_card_amex", key: "a").status == 400)
            let refused = try await call(
                world, .post, "/v1/payment_intents", charge + "pm_card_chargeDeclined", key: "b")
            let refusedAgain = try await call(
                world, .post, "/v1/payment_intents", charge + "pm_card_chargeDeclined", key: "b")
            #expect(refused.status == 402 && refused.body == refusedAgain.body)
            #expect(try await world.count("select count(*) from object") == 2)
        }
    }

    @Test(arguments: [
        ("4000000000009995", "insufficient_funds"), ("pm_card_chargeDeclinedLostCard", "lost_card"),
        ("4000000000000002", "generic_decline"),
    ])
    func `a declined card has a reason`(card: String, code: String) async throws {
        try await World.with { world in
            let answer = try await call(world, .post, "/v1/payment_intents", charge + card)
            let error = answer.object["error"] as? [String: Any]
            #expect(answer.status == 402 && error?["decline_code"] as? String == code)
            let intent = error?["payment_intent"] as? [String: Any]
            #expect((intent?["metadata"] as? [String: String])?["paymentId"] == "pay_1")
        }
    }

    @Test func `an amount is refunded once`() async throws {
        try await World.with { world in
            let id = try await call(world, .post, "/v1/payment_intents", charge + "pm_card_visa")["id"] ?? ""
            #expect(try await call(world, .post, "/v1/refunds", "payment_intent=\(id)", key: "r").status == 200)
            #expect(try await call(world, .post, "/v1/refunds", "payment_intent=\(id)", key: "r").status == 200)
            let other = try await call(world, .post, "/v1/refunds", "payment_intent=\(id)", key: "other")
            #expect((other.object["error"] as? [String: Any])?["code"] as? String == "charge_already_refunded")
        }
    }

    @Test func `a wrong key and invalid requests are refused`() async throws {
        try await World.with { world in
            let guess = try await call(world, .get, "/v1/payment_intents", secret: "sk_test_guess")
            #expect(guess.status == 401)
            for form in ["", "amount=-1&currency=usd", "amount=1&currency=dollars", charge + "pm_nobody", "%zz=1"] {
                #expect(try await call(world, .post, "/v1/payment_intents", form).status == 400, "\(form)")
            }
            #expect(try await call(world, .get, "/v1/payment_intents/pi_1").status == 404)
            #expect(try await call(world, .post, "/sandbox/behaviour", "{}").status == 400)
        }
    }
}
