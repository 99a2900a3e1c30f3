internal import Contracts
internal import HTTP
internal import Platform
internal import Secrets
internal import Stripe

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The requests of users and Stripe.
struct PaymentRoutes: Sendable {
    private static let webhookBytesMax = 512 * 1024

    let operations: Operations

    func add(to routes: inout Routes) {
        routes.postOnce("/enrollments", .user, order)
        routes.get("/payments", .user, query: .page(), list)
        routes.get("/payments/stuck", .admin, query: .page(), stuck)
        routes.get("/payments/{id}", .user, payment)
        routes.post("/payments/{id}/confirm", .user, confirm)
        routes.post("/payments/{id}/refund", .admin, refund)
        routes.postOnce("/subscriptions", .user, subscribe)
        routes.get("/subscriptions/me", .user, subscription)
        routes.delete("/subscriptions/me", .user, endSubscription)
        routes.post("/webhooks/stripe", .anyone, webhook)
    }

    // MARK: Enrolling

    struct OrderBody: RequestBody {
        let order: Order

        init(_ fields: inout BodyFields) {
            let course = fields.id("courseId", as: CourseID.self)
            let paymentMethod = fields.optionalString("paymentMethod", length: 1...255)
            order = Order(courseID: course, paymentMethod: paymentMethod, expectedPrice: fields.expectedPrice())
        }
    }

    struct EnrolledView: Encodable {
        let enrollmentId: String
        let status = "ACTIVE"
    }

    struct OrderedView: Encodable {
        let paymentId, status: String
        let clientSecret: String?
    }

    @Sendable func order(_ request: Request, _ once: Once) async throws -> Response {
        let body = try await request.body(as: OrderBody.self)
        let user = try request.user
        switch try await operations.order(body.order, by: user, once, key: Self.key(of: request, user)) {
        case .enrolled(let id):
            return try .created(EnrolledView(enrollmentId: id.rawValue), at: "/enrollments/\(id)")
        case .payment(let payment):
            let secret = await operations.clientSecret(of: payment, for: user)
            var response = try Response.accepted(
                OrderedView(paymentId: payment.id.rawValue, status: payment.status.rawValue, clientSecret: secret))
            response.fields["location"] = "/payments/\(payment.id)"
            return response
        }
    }

    /// Idempotency keys are per caller, and this service is a single caller for the enrollment service.
    private static func key(of request: Request, _ user: UserID) -> String? {
        request.http.fields["idempotency-key"].map { Base64URL.encode(SHA256.digest(Array("\(user)\n\($0)".utf8))) }
    }

    // MARK: Payments

    struct PaymentView: Encodable {
        struct Step: Encodable {
            let name: String
            let at: Date
        }
        struct Failure: Encodable {
            let code, message: String
            let retryable: Bool
        }
        let id, status, amount, currency: String
        let enrollmentId, courseId, plan, clientSecret: String?
        let failure: Failure?
        let createdAt: Date
        let steps: [Step]?

        init(_ payment: Payment, _ steps: [PaymentStep]? = nil, clientSecret: String? = nil) {
            id = payment.id.rawValue
            status = payment.status.rawValue
            amount = payment.amount.amount
            currency = payment.amount.currency.rawValue
            enrollmentId = payment.enrolledAt == nil ? nil : payment.enrollmentID?.rawValue
            courseId = payment.courseID?.rawValue
            plan = payment.plan
            self.clientSecret = clientSecret
            failure = payment.failure.map { Failure(code: $0.code, message: $0.message, retryable: $0.isRetryable) }
            createdAt = payment.createdAt
            self.steps = steps?.map { Step(name: $0.name, at: $0.at) }
        }
    }

    @Sendable func payment(_ request: Request) async throws -> Response {
        let (payment, steps) = try await operations.payment(
            try request.id("id", as: PaymentID.self), of: request.user, maySeeAll: request.identity.isAdministrator)
        let secret = await operations.clientSecret(of: payment, for: try request.user)
        return try .ok(PaymentView(payment, steps, clientSecret: secret))
    }

    @Sendable func list(_ request: Request) async throws -> Response {
        let page = try request.page(by: PaymentID.self)
        return try .page(try await operations.payments(of: request.user, page).map { PaymentView($0) }, of: request)
    }

    @Sendable func stuck(_ request: Request) async throws -> Response {
        let page = try request.page(by: PaymentID.self)
        return try .page(try await operations.stuckPayments(page).map { PaymentView($0) }, of: request)
    }

    @Sendable func confirm(_ request: Request) async throws -> Response {
        let payment = try await operations.confirm(try request.id("id", as: PaymentID.self), by: request.user)
        return try .ok(PaymentView(payment))
    }

    @Sendable func refund(_ request: Request) async throws -> Response {
        try .accepted(PaymentView(try await operations.refund(try request.id("id", as: PaymentID.self))))
    }

    // MARK: Subscriptions

    struct SubscribeBody: RequestBody {
        let plan: Plan
        let interval: BillingInterval
        let paymentMethod: String

        init(_ fields: inout BodyFields) {
            plan = fields.choice("plan", of: Plan.self, else: .pro)
            interval = fields.choice("interval", of: BillingInterval.self, else: .month)
            paymentMethod = fields.string("paymentMethod", length: 1...255)
        }
    }

    struct BegunView: Encodable {
        let subscriptionId, status: String
    }

    @Sendable func subscribe(_ request: Request, _ once: Once) async throws -> Response {
        let body = try await request.body(as: SubscribeBody.self)
        let subscription = try await operations.subscribe(
            body.plan, body.interval, paymentMethod: body.paymentMethod, by: request.user, once)
        return try .accepted(
            BegunView(subscriptionId: subscription.id.rawValue, status: subscription.status.rawValue))
    }

    struct SubscriptionView: Encodable {
        let plan, interval, status, amount, currency: String
        let currentPeriodEnd: Date?
    }

    @Sendable func subscription(_ request: Request) async throws -> Response {
        let subscription = try await operations.subscription(of: request.user)
        return try .ok(
            SubscriptionView(
                plan: subscription.offer.plan.rawValue, interval: subscription.offer.interval.rawValue,
                status: subscription.status.rawValue, amount: subscription.offer.price.amount,
                currency: subscription.offer.price.currency.rawValue,
                currentPeriodEnd: subscription.currentPeriodEnd))
    }

    @Sendable func endSubscription(_ request: Request) async throws -> Response {
        try await operations.endSubscription(of: request.user)
        return Response(.accepted)
    }

    // MARK: Stripe

    @Sendable func webhook(_ request: Request) async throws -> Response {
        try await operations.receive(
            try await request.bytes(max: Self.webhookBytesMax),
            signature: request.http.fields[StripeSignature.fieldName])
        return .noContent
    }
}

extension BodyFields {
    /// `{"amount": "49.99", "currency": "USD"}`, as in the course's response.
    fileprivate mutating func expectedPrice() -> Money? {
        let text = optionalString("expectedPrice", length: 1...40)
        guard let text else { return nil }
        let words = text.split(separator: " ")
        if words.count == 2, let currency = Currency(rawValue: String(words[1])),
            let money = Money(String(words[0]), currency)
        {
            return money
        }
        complain("expectedPrice", "must be an amount and its currency, such as 49.99 USD")
        return nil
    }
}

extension PaymentError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .courseNotFound: Problem(.notFound, "course-not-found", detail: "There is no such published course.")
        case .paymentMethodRequired:
            Problem(
                .unprocessableContent, "payment-method-required",
                detail: "This course is not free: send paymentMethod.",
                errors: [.init(field: "paymentMethod", message: "is required for a paid course")])
        case .priceChanged(let price):
            Problem(.conflict, "price-changed", detail: "The course costs \(price) now.")
        case .refused(let failure) where failure == .alreadyEnrolled:
            Problem(.conflict, "already-enrolled", detail: failure.message)
        case .refused(let failure) where failure == .badPaymentMethod:
            Problem(
                .unprocessableContent, "bad-payment-method", detail: failure.message,
                errors: [.init(field: "paymentMethod", message: "is not known")])
        case .refused(let failure) where failure == .unchargeable:
            Problem(.conflict, "cannot-be-charged", detail: failure.message)
        case .refused(let failure):
            Problem(402, "card-declined", detail: "\(failure.message) (\(failure.code))")
        case .notChargeable:
            Problem(.conflict, "not-chargeable", detail: "The amount cannot be charged in its currency.")
        case .wrongState(let status):
            Problem(.conflict, "wrong-state", detail: "The payment is \(status.rawValue).")
        case .notRefundable:
            Problem(.conflict, "wrong-state", detail: "The charge of this payment is not known: refund it at Stripe.")
        case .alreadySubscribed:
            Problem(.conflict, "already-subscribed", detail: "You have a plan already, or one is being paid.")
        case .badSignature:
            Problem(.badRequest, "bad-signature", detail: "The signature is invalid or too old.")
        case .badEvent: Problem(.badRequest, "bad-event", detail: "The body is not a Stripe event.")
        }
    }
}
