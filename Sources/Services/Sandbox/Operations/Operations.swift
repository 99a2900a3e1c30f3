#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import EventLoop
internal import HTTP
internal import Platform
internal import Postgres
internal import Secrets
internal import Stripe
internal import Synchronization

/// The sandbox's functions, one method per Stripe API call.
final class Operations: Sendable {
    static let webhookTimeout = Duration.seconds(10)

    let database: Database
    let tasks: Tasks
    let http: HTTPClient
    let services: ServiceDirectory
    let loops: EventLoopGroup
    let signature: StripeSignature
    let webhookPath: String
    let now: @Sendable () -> Date
    let store = Store()
    let behaviour = Mutex(Behaviour())

    init(_ context: ServiceContext, _ config: SandboxConfig) {
        database = context.database
        tasks = context.tasks
        http = context.http
        services = context.services
        loops = context.loops
        signature = config.signature
        webhookPath = config.webhookPath
        now = context.clock
    }

    var seconds: Int64 { Int64(now().timeIntervalSince1970) }

    func makeID(_ prefix: String) -> String {
        let letters = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
        let bytes = SecureRandom.bytes(count: 20).map { letters[Int($0) % letters.count] }
        return "\(prefix)_\(String(decoding: bytes, as: UTF8.self))"
    }

    func tidyUp() async throws { try await store.deleteOldAnswers(on: database) }

    // MARK: Payments

    func makeIntent(_ form: Form, on tx: Transaction) async throws -> Intent {
        guard let amount = form["amount"].flatMap({ Int64($0) }), (1...99_999_999).contains(amount) else {
            throw SandboxError.invalid("parameter_invalid_integer", "amount must be a positive number of minor units")
        }
        guard let currency = form["currency"], currency.utf8.count == 3 else {
            throw SandboxError.invalid("parameter_missing", "currency must be an ISO code")
        }
        let (method, card) = try card(form["payment_method"])
        var intent = Intent(
            id: makeID("pi"), amount: amount, currency: currency, status: "requires_confirmation",
            paymentMethod: method, clientSecret: makeID("secret"), metadata: form.metadata, created: seconds)
        if form["confirm"] == "true" { intent.charge(card, chargeID: makeID("ch")) }
        return try await keep(intent, on: tx)
    }

    func findIntent(_ id: String) async throws -> Intent {
        guard let intent = try await store.find(id, as: Intent.self, on: database) else {
            throw SandboxError.missing("payment_intent")
        }
        return intent
    }

    func intents() async throws -> [Intent] { try await store.list("payment_intent", as: Intent.self, on: database) }

    /// Simulates a successful authentication by the customer's bank.
    func confirmIntent(_ id: String, on tx: Transaction) async throws -> Intent {
        var intent = try await lockIntent(id, on: tx)
        guard ["requires_action", "requires_confirmation"].contains(intent.status) else {
            throw SandboxError.invalid("payment_intent_unexpected_state", "the intent is \(intent.status)")
        }
        var (_, card) = try card(intent.paymentMethod)
        if intent.status == "requires_action", case .asksFirst(let then) = card { card = then }
        intent.charge(card, chargeID: makeID("ch"))
        return try await keep(intent, on: tx)
    }

    func cancelIntent(_ id: String, on tx: Transaction) async throws -> Intent {
        var intent = try await lockIntent(id, on: tx)
        guard !["succeeded", "processing"].contains(intent.status) else {
            throw SandboxError.invalid("payment_intent_unexpected_state", "the intent is \(intent.status)")
        }
        intent.status = "canceled"
        return try await keep(intent, on: tx)
    }

    func refund(_ form: Form, on tx: Transaction) async throws -> Refund {
        var intent = try await lockIntent(form["payment_intent"] ?? "", on: tx)
        guard intent.status == "succeeded" else {
            throw SandboxError.invalid("charge_not_refundable", "the intent is \(intent.status)")
        }
        guard intent.amountRefunded == 0 else {
            throw SandboxError.invalid("charge_already_refunded", "the charge has been refunded already")
        }
        intent.amountRefunded = intent.amount
        try store.upsert(intent.id, "payment_intent", intent, on: tx)
        let refund = Refund(
            id: makeID("re"), amount: intent.amount, currency: intent.currency, paymentIntent: intent.id,
            metadata: intent.metadata, created: seconds)
        try store.upsert(refund.id, "refund", refund, on: tx)
        try tell("refund.created", refund, on: tx)
        return refund
    }

    private func lockIntent(_ id: String, on tx: Transaction) async throws -> Intent {
        guard let intent = try await store.lock(id, as: Intent.self, on: tx) else {
            throw SandboxError.missing("payment_intent")
        }
        return intent
    }

    private func keep(_ intent: Intent, on tx: Transaction) async throws -> Intent {
        try store.upsert(intent.id, "payment_intent", intent, on: tx)
        if intent.status != "requires_confirmation" { try tell(intent.eventType, intent, on: tx) }
        return intent
    }

    private func card(_ paymentMethod: String?) throws(SandboxError) -> (String, TestCard) {
        guard let paymentMethod, let card = TestCard(paymentMethod) else {
            throw SandboxError(
                status: 400, type: "invalid_request_error", code: "resource_missing",
                message: "No such payment method. The sandbox only accepts Stripe's test cards, such as pm_card_visa.",
                param: "payment_method")
        }
        return (paymentMethod, card)
    }

    // MARK: Subscriptions

    func makePlan(_ form: Form, on tx: Transaction) async throws -> Plan {
        guard let amount = form["amount"].flatMap({ Int64($0) }), let currency = form["currency"],
            let interval = form["interval"], ["month", "year"].contains(interval)
        else { throw SandboxError.invalid("parameter_missing", "amount, currency and interval are needed") }
        let id = form["id"] ?? makeID("plan")
        guard try await store.lock(id, as: Plan.self, on: tx) == nil else {
            throw SandboxError.invalid("resource_already_exists", "Plan already exists.")
        }
        let plan = Plan(
            id: id, amount: amount, currency: currency, interval: interval, product: form["product[name]"] ?? "",
            created: seconds)
        try store.upsert(id, "plan", plan, on: tx)
        return plan
    }

    func findPlan(_ id: String) async throws -> Plan {
        guard let plan = try await store.find(id, as: Plan.self, on: database) else {
            throw SandboxError.missing("plan")
        }
        return plan
    }

    func makeCustomer(_ form: Form, on tx: Transaction) async throws -> Customer {
        let (method, card) = try card(form["payment_method"])
        if case .declined(let decline) = card { throw SandboxError(decline, intent: nil) }
        let customer = Customer(
            id: makeID("cus"), paymentMethod: method, metadata: form.metadata, created: seconds)
        try store.upsert(customer.id, "customer", customer, on: tx)
        return customer
    }

    func subscribe(_ form: Form, on tx: Transaction) async throws -> Subscription {
        guard let customer = try await store.lock(form["customer"] ?? "", as: Customer.self, on: tx) else {
            throw SandboxError.missing("customer")
        }
        guard let plan = try await store.lock(form["items[0][plan]"] ?? "", as: Plan.self, on: tx) else {
            throw SandboxError.missing("plan")
        }
        let (method, card) = try card(customer.paymentMethod)
        var intent = Intent(
            id: makeID("pi"), amount: plan.amount, currency: plan.currency, status: "requires_confirmation",
            paymentMethod: method, clientSecret: makeID("secret"), metadata: [:], created: seconds)
        intent.charge(card, chargeID: makeID("ch"))
        intent = try await keep(intent, on: tx)
        let subscription = Subscription(
            id: makeID("sub"), customer: customer.id, plan: plan,
            status: intent.status == "succeeded" ? "active" : "incomplete", metadata: form.metadata,
            currentPeriodStart: seconds, currentPeriodEnd: seconds + (plan.interval == "year" ? 365 : 30) * 86_400,
            latestInvoice: Invoice(
                id: makeID("in"), paymentIntent: intent.id, status: intent.status == "succeeded" ? "paid" : "open"),
            created: seconds)
        try store.upsert(subscription.id, "subscription", subscription, on: tx)
        try tell("customer.subscription.created", subscription, on: tx)
        return subscription
    }

    func findSubscription(_ id: String) async throws -> Subscription {
        guard let subscription = try await store.find(id, as: Subscription.self, on: database) else {
            throw SandboxError.missing("subscription")
        }
        return subscription
    }

    func endSubscription(_ id: String, on tx: Transaction) async throws -> Subscription {
        guard var subscription = try await store.lock(id, as: Subscription.self, on: tx) else {
            throw SandboxError.missing("subscription")
        }
        subscription.status = "canceled"
        try store.upsert(id, "subscription", subscription, on: tx)
        try tell("customer.subscription.deleted", subscription, on: tx)
        return subscription
    }
}

extension SandboxError {
    init(_ decline: TestCard.Decline, intent: String?) {
        self.init(
            status: 402, type: "card_error", code: decline.code, message: decline.message,
            declineCode: decline.declineCode, intent: intent)
    }
}
