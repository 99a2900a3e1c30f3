internal import Contracts
internal import EventLoop
internal import HTTP
internal import Messaging
internal import Observability
internal import Platform
internal import Postgres
internal import Stripe

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases, one method each.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let tasks: Tasks
    let services: ServiceClient
    let stripeAccess: StripeAccess
    let offers: [PlanOffer]
    let limits: PaymentLimits
    let logger: Logger
    let now: @Sendable () -> Date
    let store = Store()

    init(_ context: ServiceContext, _ config: PaymentConfig, limits: PaymentLimits = PaymentLimits()) {
        database = context.database
        outbox = context.outbox
        tasks = context.tasks
        services = ServiceClient(context)
        stripeAccess = StripeAccess(context, config)
        offers = config.offers
        self.limits = limits
        logger = context.logger
        now = context.clock
    }

    /// Whether a charge of a payment or plan begun at `time` can be repeated without a second charge.
    func mayCharge(begunAt time: Date) -> Bool {
        now().timeIntervalSince(time) < limits.chargedWithin / .seconds(1)
    }

    /// Whether the person has deleted their account since the payment or plan began: nothing is charged then.
    func isErased(_ user: UserID) async throws -> Bool {
        try await database.transaction { tx in try await store.people.lock(user, on: tx).isErased() }
    }

    // MARK: Reading

    /// - Throws: ``PaymentError/notFound`` for another person's payment, unless the caller may see all.
    func payment(_ id: PaymentID, of user: UserID, maySeeAll: Bool) async throws -> (Payment, [PaymentStep]) {
        guard let payment = try await store.find(id, on: database), maySeeAll || payment.userID == user else {
            throw PaymentError.notFound
        }
        return (payment, try await store.listSteps(of: id, on: database))
    }

    /// Newest first.
    func payments(of user: UserID, _ page: PageRequest<PaymentID>) async throws -> Page<Payment> {
        let found = try await store.list(of: user, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }

    /// Payments whose outcome or enrolment is overdue.
    func stuckPayments(_ page: PageRequest<PaymentID>) async throws -> Page<Payment> {
        let since = now() - limits.enrolledAfterMax / .seconds(1)
        let found = try await store.listStuck(
            since: since, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }

    // MARK: Events

    /// The enrolment of a payment exists. If the payment was refunded meanwhile, the enrollment service is told again.
    func noteEnrolled(_ payment: PaymentID, _ enrollment: EnrollmentID, at time: Date, on tx: Transaction) async throws
    {
        guard let payment = try await store.updateEnrolled(payment, enrollment, at: time, on: tx) else { return }
        store.insertStep("enrolled", of: payment.id, at: now(), on: tx)
        if payment.status == .refunded {
            try tasks.enqueue(TellRefund(paymentID: payment.id.rawValue), key: "\(payment.id).late", on: tx)
        }
    }

    /// Payments contain no personal data besides the person's id, and are kept for legal bookkeeping. Plans end, and the tombstone stops
    /// purchases with a token that is still valid for some minutes.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) async throws {
        store.people.erase(user, at: time, on: tx)
        for subscription in try await store.listActive(of: user, on: tx) {
            try enqueueEnd(of: subscription, forErasure: true, on: tx)
        }
    }

    func tidyUp() async throws { try await store.deleteOldWebhooks(on: database) }
}

/// The connection to Stripe or the sandbox.
struct StripeAccess: Sendable {
    private let http: HTTPClient
    private let secretKey: String
    /// nil: the address of the sandbox service.
    private let base: String?
    private let services: ServiceDirectory
    /// nil: all webhooks are refused.
    let signature: StripeSignature?
    let isSandbox: Bool

    init(_ context: ServiceContext, _ config: PaymentConfig) {
        let sandbox = SandboxSecrets(context.seal)
        http = context.http
        services = context.services
        secretKey = config.secretKey ?? sandbox.secretKey
        isSandbox = config.secretKey == nil
        base = isSandbox ? nil : config.apiBase
        let secret = config.webhookSecret ?? (isSandbox ? sandbox.webhookSecret : nil)
        signature = secret.flatMap { StripeSignature(secret: $0) }
    }

    /// - Parameter timeout: per call.
    /// - Throws: ``StripeError/unavailable(_:)`` while the sandbox's address is unknown.
    func client(timeout: Duration = .seconds(20)) throws(StripeError) -> StripeClient {
        guard let base = base ?? services[.sandbox] else { throw .unavailable("the sandbox's address is unknown") }
        return StripeClient(http, base: base, secretKey: secretKey, timeout: timeout)
    }
}
